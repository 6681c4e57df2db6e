import type { Deviation, Deviations } from './run-checks.ts';

/** Moto does what was asked where S3 refuses. */
function accepts(reason: string): Deviation {
  return { reason, evidence: /expected a refusal with .* but it was accepted/ };
}

/** Moto answers with a web server's error page, which the SDK can't read. */
function errorPage(reason: string): Deviation {
  return { reason, evidence: /XML parse error: mismatched tags <html>/ };
}

const NO_LIMITS = 'moto knows no limits of names and sizes here';
const NO_SIGNATURES = 'moto checks no signatures unless it is made to';
const NO_CHECKSUMS = 'moto stores the checksum that it is given without computing it';
const NO_MD5 = 'moto ignores Content-MD5';
const NO_COMPLETE_IF_MATCH = 'moto ignores If-Match on Complete';
const NO_COPY_CONDITIONS = 'moto ignores conditions on Copy';
const NO_MULTIPART_CHECKSUMS = 'moto looks at no checksum of parts and wholes in a multipart upload';
const PLAIN_COMPOSITE = 'moto’s HEAD leaves the number of parts off a composite checksum';
const CRC32_INSTEAD = 'moto computes a CRC32 where the libraries for the other CRCs are missing';

/** Where moto 5.2 is not S3. An entry that is no longer true fails the suite. */
export const MOTO_DEVIATIONS: Deviations = {
  'buckets: a bucket name in capitals is refused': accepts(NO_LIMITS),
  'objects: a key above 1,024 bytes is refused': accepts(NO_LIMITS),
  'objects: more than 2 KB of metadata is refused': accepts(NO_LIMITS),
  'objects: a key with a line break works': errorPage('no route of moto matches a path with a line break'),
  'conditions: Complete If-Match refuses another version; the upload stays open': accepts(NO_COMPLETE_IF_MATCH),
  'conditions: Complete If-Match where nothing is, is 404': accepts(NO_COMPLETE_IF_MATCH),
  'conditions: Copy pinned to another version of the source is refused': accepts(NO_COPY_CONDITIONS),
  'conditions: Copy If-None-Match refuses an existing target': accepts(NO_COPY_CONDITIONS),
  'conditions: Copy If-Match refuses another version of the target': accepts(NO_COPY_CONDITIONS),
  'multipart: UploadPartCopy pinned to another version is refused': accepts(NO_COPY_CONDITIONS),
  'checksums: a wrong CRC32 is refused and stores nothing': accepts(NO_CHECKSUMS),
  'checksums: a wrong CRC32C is refused and stores nothing': accepts(NO_CHECKSUMS),
  'checksums: a wrong CRC64NVME is refused and stores nothing': accepts(NO_CHECKSUMS),
  'checksums: a wrong SHA-256 is refused and stores nothing': accepts(NO_CHECKSUMS),
  'checksums: a refused overwrite leaves the old object': accepts(NO_CHECKSUMS),
  'checksums: a wrong trailing checksum is refused and stores nothing': accepts(NO_CHECKSUMS),
  'checksums: a malformed checksum is InvalidRequest': accepts(NO_CHECKSUMS),
  'checksums: two checksums are InvalidRequest': accepts(NO_CHECKSUMS),
  'checksums: a right Content-MD5 is accepted, a wrong one refused': accepts(NO_MD5),
  'checksums: a malformed Content-MD5 is InvalidDigest': accepts(NO_MD5),
  'checksums: the type of a PUT’s checksum is FULL_OBJECT': {
    reason: 'moto keeps no checksum type for a single PUT',
    evidence: /expected undefined to be 'FULL_OBJECT'/,
  },
  'multipart: a part to an unknown upload is NoSuchUpload': errorPage('moto fails inside on an unknown upload id'),
  'multipart: Complete of an unknown upload is NoSuchUpload': errorPage('moto fails inside on an unknown upload id'),
  'multipart: Abort ends an upload and its parts': errorPage('moto fails inside on a part to an aborted upload'),
  'multipart: part numbers outside 1 to 10,000 are refused': {
    reason: 'moto answers NoSuchUpload to a part number out of range',
    evidence: /expected 404 to be 400/,
  },
  'multipart: ListMultipartUploads tells when an upload began': {
    reason: 'moto gives every upload the same day in 2010',
    evidence: /expected 5\d{11} to be less than 60000/,
  },
  'multipart: ListMultipartUploads pages, also within one key': {
    reason: 'moto lists all uploads whatever page is asked for',
    evidence: /expected 5 to be less than or equal to 2/,
  },
  'multipart: Complete out of order is InvalidPartOrder': accepts('moto joins parts in the order it is given'),
  'multipart: Complete with a wrong object size is refused': accepts('moto ignores the object size given at Complete'),
  'multipart checksums: COMPOSITE CRC32': { reason: PLAIN_COMPOSITE, evidence: /to be '.*-2'/ },
  'multipart checksums: COMPOSITE SHA-256': { reason: PLAIN_COMPOSITE, evidence: /expected 'c/ },
  'multipart checksums: Complete reports the checksum of the whole': {
    reason: 'moto’s Complete reports no checksum',
    evidence: /expected undefined to be '/,
  },
  'multipart checksums: FULL_OBJECT CRC32C': { reason: CRC32_INSTEAD, evidence: /expected 'LpW\/Rg==' to be/ },
  'multipart checksums: FULL_OBJECT CRC64NVME': { reason: CRC32_INSTEAD, evidence: /expected 'LpW\/Rg==' to be/ },
  'multipart checksums: ListParts reports the parts’ checksums': {
    reason: NO_MULTIPART_CHECKSUMS,
    evidence: /expected \[ undefined, undefined \]/,
  },
  'multipart checksums: a wrong value of the whole is refused at Complete; the upload stays':
    accepts(NO_MULTIPART_CHECKSUMS),
  'multipart checksums: a wrong part checksum is refused and leaves no part': accepts(NO_MULTIPART_CHECKSUMS),
  'multipart checksums: a wrong part checksum named at Complete is InvalidPart': accepts(NO_MULTIPART_CHECKSUMS),
  'multipart checksums: CRC64NVME can not be COMPOSITE, SHA-256 not FULL_OBJECT': accepts(NO_MULTIPART_CHECKSUMS),
  'multipart checksums: a part with another algorithm than the upload’s is refused': accepts(NO_MULTIPART_CHECKSUMS),
  'listing: a made-up continuation token is refused': accepts('moto takes any token for the beginning'),
  'listing: the first form of the listing works too': {
    reason: 'moto counts common prefixes into no page of the first form',
    evidence: /expected false to be true/,
  },
  'versioning: suspended, a put replaces the null version only': {
    reason: 'moto drops the older versions when versioning is suspended',
    evidence: /NoSuchVersion/,
  },
  'access: a request without a signature is AccessDenied': {
    reason: 'moto refuses only by the ACL, and without a document',
    evidence: /expected '403 ' to be '403 AccessDenied'/,
  },
  'access: an unknown key is InvalidAccessKeyId': accepts(NO_SIGNATURES),
  'access: a wrong secret is SignatureDoesNotMatch': accepts(NO_SIGNATURES),
  'access: a clock that is 16 minutes off is RequestTimeTooSkewed': accepts(NO_SIGNATURES),
  'access: another region is refused': accepts(NO_SIGNATURES),
  'access: a body other than the signed one is refused and stores nothing': accepts(NO_SIGNATURES),
  'access: a signed header that was changed is SignatureDoesNotMatch': accepts(NO_SIGNATURES),
  'access: an x-amz header outside the signature is AccessDenied': accepts(NO_SIGNATURES),
  'access: a presigned GET that ran out is AccessDenied': { reason: NO_SIGNATURES, evidence: /expected '200 k'/ },
  'access: a presigned GET for one key opens no other': { reason: NO_SIGNATURES, evidence: /expected '200 other'/ },
};
