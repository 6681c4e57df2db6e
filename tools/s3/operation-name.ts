import type { IncomingHttpHeaders } from 'node:http';
import type { RequestTarget } from './request-target.ts';
import { S3Error } from './s3-error.ts';

export const OPERATION_NAMES = [
  'ListBuckets',
  'CreateBucket',
  'HeadBucket',
  'DeleteBucket',
  'GetBucketLocation',
  'GetBucketVersioning',
  'PutBucketVersioning',
  'ListObjects',
  'ListObjectsV2',
  'ListObjectVersions',
  'ListMultipartUploads',
  'DeleteObjects',
  'PutObject',
  'CopyObject',
  'GetObject',
  'HeadObject',
  'DeleteObject',
  'CreateMultipartUpload',
  'UploadPart',
  'UploadPartCopy',
  'ListParts',
  'CompleteMultipartUpload',
  'AbortMultipartUpload',
] as const;
export type OperationName = (typeof OPERATION_NAMES)[number];

/** Query names that select another resource; any that no operation here serves is refused rather than ignored. */
const SUBRESOURCES = new Set(
  (
    'accelerate acl analytics attributes cors delete encryption intelligent-tiering inventory legal-hold lifecycle ' +
    'location logging metrics notification object-lock ownershipControls policy policyStatus publicAccessBlock ' +
    'renameObject replication requestPayment restore retention select session tagging torrent uploadId uploads ' +
    'versioning versions website'
  ).split(' '),
);

const WRITES: ReadonlySet<OperationName> = new Set<OperationName>([
  'CreateBucket',
  'DeleteBucket',
  'PutBucketVersioning',
  'DeleteObjects',
  'PutObject',
  'CopyObject',
  'DeleteObject',
  'CreateMultipartUpload',
  'UploadPart',
  'UploadPartCopy',
  'CompleteMultipartUpload',
  'AbortMultipartUpload',
]);

/** Whether an operation changes anything. */
export function isWrite(operation: OperationName): boolean {
  return WRITES.has(operation);
}

function bucketOperation(method: string, subresource: string | undefined, query: URLSearchParams): string {
  switch (`${method} ${subresource ?? ''}`) {
    case 'PUT ':
      return 'CreateBucket';
    case 'HEAD ':
      return 'HeadBucket';
    case 'DELETE ':
      return 'DeleteBucket';
    case 'GET location':
      return 'GetBucketLocation';
    case 'GET versioning':
      return 'GetBucketVersioning';
    case 'PUT versioning':
      return 'PutBucketVersioning';
    case 'GET versions':
      return 'ListObjectVersions';
    case 'GET uploads':
      return 'ListMultipartUploads';
    case 'POST delete':
      return 'DeleteObjects';
    case 'GET ':
      return query.get('list-type') === '2' ? 'ListObjectsV2' : 'ListObjects';
    default:
      return '';
  }
}

function objectOperation(method: string, subresource: string | undefined, isCopy: boolean): string {
  switch (`${method} ${subresource ?? ''}`) {
    case 'PUT ':
      return isCopy ? 'CopyObject' : 'PutObject';
    case 'GET ':
      return 'GetObject';
    case 'HEAD ':
      return 'HeadObject';
    case 'DELETE ':
      return 'DeleteObject';
    case 'POST uploads':
      return 'CreateMultipartUpload';
    case 'PUT uploadId':
      return isCopy ? 'UploadPartCopy' : 'UploadPart';
    case 'GET uploadId':
      return 'ListParts';
    case 'POST uploadId':
      return 'CompleteMultipartUpload';
    case 'DELETE uploadId':
      return 'AbortMultipartUpload';
    default:
      return '';
  }
}

/** Which operation a request asks for. @throws S3Error `NotImplemented`, `MethodNotAllowed`. */
export function operationOf(method: string, target: RequestTarget, headers: IncomingHttpHeaders): OperationName {
  const subresource = [...target.query.keys()].find((name) => SUBRESOURCES.has(name));
  let name = '';
  if (target.bucket === undefined) name = method === 'GET' ? 'ListBuckets' : '';
  else if (target.key === undefined) name = bucketOperation(method, subresource, target.query);
  else name = objectOperation(method, subresource, headers['x-amz-copy-source'] !== undefined);
  const found = OPERATION_NAMES.find((operation) => operation === name);
  if (found !== undefined) return found;
  if (subresource !== undefined) throw new S3Error('NotImplemented');
  throw new S3Error('MethodNotAllowed', { elements: { Method: method } });
}
