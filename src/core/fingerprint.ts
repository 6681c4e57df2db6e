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
