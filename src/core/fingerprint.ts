/**
 * What tells that a local file has not changed: size, mtime and ctime in nanoseconds, inode and device. Kept as one
 * string so that the comparison on every scan is a string comparison and the database holds no lossy integers.
 */
export type Fingerprint = string & { readonly fingerprint: true };

export interface FingerprintFields {
  readonly size: bigint;
  readonly mtimeNs: bigint;
  readonly ctimeNs: bigint;
  readonly ino: bigint;
  readonly dev: bigint;
}

export function makeFingerprint(fields: FingerprintFields): Fingerprint {
  return `${fields.size}.${fields.mtimeNs}.${fields.ctimeNs}.${fields.ino}.${fields.dev}` as Fingerprint;
}

/** The fields of a fingerprint; throws a plain Error when the text is none (a damaged row). */
export function parseFingerprint(text: string): FingerprintFields {
  const [size, mtimeNs, ctimeNs, ino, dev, extra] = text.split('.');
  if (size === undefined || mtimeNs === undefined || ctimeNs === undefined || ino === undefined || dev === undefined) {
    throw new Error(`not a fingerprint: ${text}`);
  }
  if (extra !== undefined) throw new Error(`not a fingerprint: ${text}`);
  return {
    size: BigInt(size),
    mtimeNs: BigInt(mtimeNs),
    ctimeNs: BigInt(ctimeNs),
    ino: BigInt(ino),
    dev: BigInt(dev),
  };
}

/** True when the content may still be the same: equal size and only times or identity moved. Then hashing decides. */
export function mayBeSameContent(before: Fingerprint, after: Fingerprint): boolean {
  return before !== after && parseFingerprint(before).size === parseFingerprint(after).size;
}

/** The same file in a state that no look can meet, as if its metadata had been touched in 1970: the next look takes it up. */
export function toBeTakenUp(fingerprint: Fingerprint): Fingerprint {
  return makeFingerprint({ ...parseFingerprint(fingerprint), ctimeNs: 0n });
}

/**
 * What a file keeps when it gets another name: device, inode, size and mtime. Not ctime: the rename moves it. Equal
 * identities are as good as proof that it is the same file, not that nobody wrote to it and set the time back.
 */
export function identityOf(fingerprint: Fingerprint): string {
  const { dev, ino, size, mtimeNs } = parseFingerprint(fingerprint);
  return `${dev}.${ino}.${size}.${mtimeNs}`;
}

/** The volume that the file lies on, as `ScannedDirectory.volume` has it. */
export function volumeOf(fingerprint: Fingerprint): string {
  return String(parseFingerprint(fingerprint).dev);
}
