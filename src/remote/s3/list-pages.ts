import type {
  ListMultipartUploadsCommandOutput,
  ListPartsCommandOutput,
  ListPartsCommandInput,
  ListMultipartUploadsCommandInput,
} from '@aws-sdk/client-s3';
import { MAX_PARTS } from '../../core/part-plan.ts';
import type { ListedPart, ListedUpload } from '../../core/ports.ts';
import { UnusableReply } from './classify-s3.ts';
import { partChecksum, requireEtag } from './replies.ts';

/** Pages have up to 1,000 entries; some services send fewer. */
const MAX_PART_PAGES = MAX_PARTS / 10;
/** Open uploads that one call returns at most; far more than Longshore ever leaves open. */
const MAX_UPLOADS = 100_000;

type PartMarker = Pick<ListPartsCommandInput, 'PartNumberMarker'>;
type UploadMarker = Pick<ListMultipartUploadsCommandInput, 'KeyMarker' | 'UploadIdMarker'>;

/** All parts over all pages. A page that does not lead on although it says so is an error, never an end. */
export async function collectParts(
  page: (marker: PartMarker) => Promise<ListPartsCommandOutput>,
): Promise<readonly ListedPart[]> {
  const parts: ListedPart[] = [];
  let marker: PartMarker = {};
  for (let count = 0; count < MAX_PART_PAGES; count++) {
    const reply = await page(marker);
    // An empty or cut reply must not pass for "no parts": they would all be sent again.
    if (reply.UploadId === undefined && reply.Key === undefined) throw new UnusableReply('this is no list of parts');
    for (const part of reply.Parts ?? []) {
      if (part.PartNumber === undefined || part.Size === undefined)
        throw new UnusableReply('a part without number or size');
      parts.push({
        number: part.PartNumber,
        sizeBytes: part.Size,
        etag: requireEtag(part.ETag),
        checksum: partChecksum(part),
      });
    }
    if (reply.IsTruncated !== true) return parts;
    const next = reply.NextPartNumberMarker;
    if (next === undefined || next === marker.PartNumberMarker)
      throw new UnusableReply('the list of parts has no next page');
    marker = { PartNumberMarker: next };
  }
  throw new UnusableReply('the list of parts has no end');
}

/** All open uploads over all pages, at most 100,000. */
export async function collectUploads(
  page: (marker: UploadMarker) => Promise<ListMultipartUploadsCommandOutput>,
): Promise<readonly ListedUpload[]> {
  const uploads: ListedUpload[] = [];
  let marker: UploadMarker = {};
  while (uploads.length < MAX_UPLOADS) {
    const reply = await page(marker);
    if (reply.Bucket === undefined && reply.IsTruncated === undefined)
      throw new UnusableReply('this is no list of uploads');
    for (const upload of reply.Uploads ?? []) {
      if (upload.Key === undefined || upload.UploadId === undefined)
        throw new UnusableReply('an upload without key or id');
      uploads.push({ key: upload.Key, uploadId: upload.UploadId, initiated: upload.Initiated?.getTime() ?? null });
    }
    if (reply.IsTruncated !== true) return uploads;
    const next = { KeyMarker: reply.NextKeyMarker, UploadIdMarker: reply.NextUploadIdMarker };
    if (next.KeyMarker === marker.KeyMarker && next.UploadIdMarker === marker.UploadIdMarker) {
      throw new UnusableReply('the list of uploads has no next page');
    }
    marker = next;
  }
  return uploads;
}
