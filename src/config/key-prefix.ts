export interface PrefixFault {
  readonly message: string;
  readonly hint: string;
}

/** Half of the 1,024 bytes that S3 allows for a key, so that paths of files have room. */
export const PREFIX_MAX_BYTES = 512;

const CONTROL = /\p{Cc}/u;

/** What is wrong with a key prefix, or null. A missing "/" at the end is no fault: it is added. */
export function prefixFault(prefix: string): PrefixFault | null {
  if (prefix === '') return null;
  if (prefix.startsWith('/'))
    return { message: 'The prefix starts with "/".', hint: 'Leave the first "/" out: keys have none.' };
  if (prefix.includes('\\')) return { message: 'The prefix holds a backslash.', hint: 'Separate its parts with "/".' };
  if (CONTROL.test(prefix)) return { message: 'The prefix holds a control character.', hint: 'Remove it.' };
  const segments = prefix.replace(/\/$/, '').split('/');
  if (segments.some((segment) => segment === '..' || segment === '.')) {
    return { message: 'The prefix holds a "." or ".." part.', hint: 'Write the full prefix: keys are not paths.' };
  }
  if (segments.includes('')) return { message: 'The prefix holds "//".', hint: 'Write one "/" between its parts.' };
  if (Buffer.byteLength(normalisePrefix(prefix)) > PREFIX_MAX_BYTES) {
    return { message: `The prefix is longer than ${PREFIX_MAX_BYTES} bytes.`, hint: 'Choose a shorter one.' };
  }
  return null;
}

/** Empty, or NFC with one "/" at the end. */
export function normalisePrefix(prefix: string): string {
  const normal = prefix.normalize('NFC');
  return normal === '' || normal.endsWith('/') ? normal : `${normal}/`;
}
