import type { Operation } from '../operation.ts';
import { bucketOf, isoTime, xmlReply } from '../operation.ts';
import { S3Error } from '../s3-error.ts';
import { childText, parseXml, xmlDocument } from '../xml.ts';

const XML_LIMIT_BYTES = 64 * 1024;

/** The owner that listings name: there is one, since every key pair sees the same data. */
export const OWNER = [
  ['ID', 'local-stand-in'],
  ['DisplayName', 'local-stand-in'],
] as const;

export const listBuckets: Operation = async ({ storage }) => {
  const buckets = storage.buckets().map(
    ({ info }) =>
      [
        'Bucket',
        [
          ['Name', info.name],
          ['CreationDate', isoTime(info.createdMs)],
        ],
      ] as const,
  );
  return Promise.resolve(
    xmlReply(
      xmlDocument('ListAllMyBucketsResult', [
        ['Owner', OWNER],
        ['Buckets', buckets],
      ]),
    ),
  );
};

export const createBucket: Operation = async (request) => {
  const { bucketName, settings, storage, body } = request;
  const xml = await body.buffer(XML_LIMIT_BYTES);
  if (xml.length > 0) {
    const constraint = childText(parseXml(xml.toString()), 'LocationConstraint');
    if (constraint !== undefined && constraint !== '' && constraint !== settings.region) {
      throw new S3Error('InvalidRequest', {
        message: `The ${constraint} location constraint is incompatible for the region specific endpoint this request was sent to.`,
      });
    }
  }
  const known = storage.find(bucketName);
  // The oldest region keeps its oldest habit: making one's own bucket again succeeds there.
  if (known === undefined || settings.region !== 'us-east-1') await storage.create(bucketName, settings.nowMs());
  return { status: 200, headers: { location: `/${bucketName}` } };
};

export const headBucket: Operation = async (request) => {
  bucketOf(request);
  return Promise.resolve({ status: 200, headers: { 'x-amz-bucket-region': request.settings.region } });
};

export const deleteBucket: Operation = async ({ storage, bucketName }) => {
  await storage.remove(bucketName);
  return { status: 204, headers: {} };
};

export const getBucketLocation: Operation = async (request) => {
  bucketOf(request);
  const { region } = request.settings;
  const name = region === 'us-east-1' ? '' : region;
  const document = xmlDocument('LocationConstraint', []).replace(
    '></LocationConstraint>',
    `>${name}</LocationConstraint>`,
  );
  return Promise.resolve(xmlReply(document));
};

export const getBucketVersioning: Operation = async (request) => {
  const { versioning } = bucketOf(request).info;
  return Promise.resolve(
    xmlReply(xmlDocument('VersioningConfiguration', [['Status', versioning === 'off' ? undefined : versioning]])),
  );
};

export const putBucketVersioning: Operation = async (request) => {
  const bucket = bucketOf(request);
  const status = childText(parseXml((await request.body.buffer(XML_LIMIT_BYTES)).toString()), 'Status');
  if (status !== 'Enabled' && status !== 'Suspended') throw new S3Error('MalformedXML');
  await bucket.setVersioning(status);
  return { status: 200, headers: {} };
};
