import type { S3Client } from '@aws-sdk/client-s3';
import { GetObjectCommand } from '@aws-sdk/client-s3';
import { getSignedUrl } from '@aws-sdk/s3-request-presigner';

/** Long enough to look at something, short enough for a link that gets into a history. */
const VALID_SECONDS = 60 * 60;

/** A link to the object that needs no credentials for an hour. Signed on this machine: nothing is sent. */
export async function presignedViewUrl(client: S3Client, bucket: string, key: string): Promise<string> {
  return await getSignedUrl(client, new GetObjectCommand({ Bucket: bucket, Key: key }), { expiresIn: VALID_SECONDS });
}

/** `template` with "{bucket}" and "{key}" replaced, percent-encoded; "/" in keys stays. */
export function publicViewUrl(template: string, bucket: string, key: string): string {
  // One pass and functions: a bucket or key that holds "{key}" or "$&" stays as it is.
  return template.replaceAll(/\{(bucket|key)\}/g, (_, name: string) =>
    (name === 'bucket' ? bucket : key).split('/').map(encodeURIComponent).join('/'),
  );
}
