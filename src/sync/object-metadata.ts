import type { EpochMs } from '../core/ports.ts';

/** By which our own write is recognised when its reply was lost (DESIGN section 6). */
export const METADATA_OPERATION = 'longshore-op';
const METADATA_MTIME = 'longshore-mtime';
const METADATA_DEVICE = 'longshore-device';
const METADATA_NAME = 'longshore-name';
/** The part size of a multipart upload: with it another device can compare its file with the MD5 of MD5s. */
const METADATA_PART_SIZE = 'longshore-part-size';

/** Of the 2 KB that all metadata has. */
const DEVICE_MAX_CHARACTERS = 200;

type Metadata = Readonly<Record<string, string>>;

/** What travels with an object that an operation writes. */
export function objectMetadata(
  operationId: string,
  file: { readonly mtimeMs: number; readonly originalName: string | null },
  device: string,
  partSizeBytes: number | null = null,
): Metadata {
  return {
    [METADATA_OPERATION]: operationId,
    [METADATA_MTIME]: String(Math.floor(file.mtimeMs)),
    [METADATA_DEVICE]: encodedDevice(device),
    ...(file.originalName === null ? {} : { [METADATA_NAME]: file.originalName }),
    ...(partSizeBytes === null ? {} : { [METADATA_PART_SIZE]: String(partSizeBytes) }),
  };
}

/** The device's name in ASCII, cut between characters, never within one. */
function encodedDevice(device: string): string {
  let encoded = '';
  for (const character of device.toWellFormed()) {
    const next = encodeURIComponent(character);
    if (encoded.length + next.length > DEVICE_MAX_CHARACTERS) break;
    encoded += next;
  }
  return encoded;
}

/** When the file was changed on the device that wrote the object; null when Longshore did not write it. */
export function mtimeOf(metadata: Metadata | undefined): EpochMs | null {
  return positiveInteger(metadata?.[METADATA_MTIME]);
}

/** Null for a single PUT, and for what Longshore did not write. */
export function partSizeOf(metadata: Metadata): number | null {
  return positiveInteger(metadata[METADATA_PART_SIZE]);
}

/** Who wrote the object; null when it does not say, or not in a way that can be read. */
export function deviceOf(metadata: Metadata | undefined): string | null {
  const encoded = metadata?.[METADATA_DEVICE];
  if (encoded === undefined || encoded === '') return null;
  try {
    return decodeURIComponent(encoded);
  } catch {
    return null;
  }
}

/** The name that the file had on the disk it came from, where it is another form of `name`; else `name`. */
export function originalNameOf(metadata: Metadata, name: string): string {
  const encoded = metadata[METADATA_NAME];
  if (encoded === undefined) return name;
  try {
    const original = decodeURIComponent(encoded);
    // Only another form of the very same name: a remote object must not choose where it goes.
    return original.normalize('NFC') === name.normalize('NFC') ? original : name;
  } catch {
    return name;
  }
}

/** Another program may have written anything there. */
function positiveInteger(text: string | undefined): number | null {
  if (text === undefined || !/^\d{1,16}$/.test(text)) return null;
  const value = Number(text);
  return Number.isSafeInteger(value) ? value : null;
}
