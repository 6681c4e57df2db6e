import { GetObjectCommand, ListBucketsCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import type { S3ClientConfig } from '@aws-sdk/client-s3';
import { getSignedUrl } from '@aws-sdk/s3-request-presigner';
import { expect } from 'vitest';
import { checks, clientFor, etagOf, put, refused, tamper } from '../check.ts';
import type { CheckContext } from '../check.ts';

/** The clock of a client that is `offsetMs` off. */
async function withClient<T>(
  { target }: CheckContext,
  overrides: S3ClientConfig,
  work: (client: ReturnType<typeof clientFor>) => Promise<T>,
): Promise<T> {
  const client = clientFor(target, overrides);
  try {
    return await work(client);
  } finally {
    client.destroy();
  }
}

function presigned(
  context: CheckContext,
  query: object = {},
  options: { expiresIn?: number; signingDate?: Date } = {},
) {
  const command = new GetObjectCommand({ Bucket: context.bucket, Key: 'k', ...query });
  return getSignedUrl(context.client, command, { expiresIn: 60, ...options });
}

async function refusal(url: string, init: RequestInit = {}): Promise<string> {
  const reply = await fetch(url, init);
  const text = await reply.text();
  return `${reply.status} ${/<Code>(\w+)<\/Code>/.exec(text)?.[1] ?? text.slice(0, 100)}`;
}

export const accessChecks = checks('access', {
  'a request without a signature is AccessDenied': async (context) => {
    const { target, bucket } = context;
    await put(context, 'k', 'secret');
    expect(await refusal(`${target.endpoint}/${bucket}/k`)).toBe('403 AccessDenied');
    expect(await refusal(target.endpoint)).toBe('403 AccessDenied');
  },
  'an unknown key is InvalidAccessKeyId': async (context) => {
    const credentials = { accessKeyId: 'AKIDNOBODY', secretAccessKey: 'x' };
    await withClient(context, { credentials }, (client) =>
      refused(client.send(new ListBucketsCommand()), 403, 'InvalidAccessKeyId'),
    );
  },
  'a wrong secret is SignatureDoesNotMatch': async (context) => {
    const credentials = { ...context.target.credentials, secretAccessKey: 'not the secret' };
    await withClient(context, { credentials }, (client) =>
      refused(client.send(new ListBucketsCommand()), 403, 'SignatureDoesNotMatch'),
    );
  },
  'a clock that is 16 minutes off is RequestTimeTooSkewed': async (context) => {
    for (const systemClockOffset of [-16 * 60_000, 16 * 60_000]) {
      await withClient(context, { systemClockOffset }, (client) =>
        refused(client.send(new ListBucketsCommand()), 403, 'RequestTimeTooSkewed'),
      );
    }
  },
  'a clock that is 5 minutes off is fine': async (context) => {
    await withClient(context, { systemClockOffset: -5 * 60_000 }, (client) => client.send(new ListBucketsCommand()));
  },
  'another region is refused': async (context) => {
    await withClient(context, { region: 'eu-west-1' }, (client) =>
      refused(client.send(new ListBucketsCommand()), 400, 'AuthorizationHeaderMalformed'),
    );
  },
  'a body other than the signed one is refused and stores nothing': async (context) => {
    const { bucket } = context;
    const work = withClient(context, { requestChecksumCalculation: 'WHEN_REQUIRED' }, (client) => {
      tamper(client, (request) => {
        request.body = 'ours, changed on the way'.slice(0, 'what was signed'.length);
      });
      return client.send(new PutObjectCommand({ Bucket: bucket, Key: 'k', Body: 'what was signed' }));
    });
    await refused(work, 400, 'XAmzContentSHA256Mismatch');
    expect(await etagOf(context, 'k')).toBeUndefined();
  },
  'a signed header that was changed is SignatureDoesNotMatch': async (context) => {
    const { bucket } = context;
    const work = withClient(context, {}, (client) => {
      tamper(client, (request) => {
        request.headers['x-amz-meta-op'] = 'two';
      });
      return client.send(new PutObjectCommand({ Bucket: bucket, Key: 'k', Body: 'x', Metadata: { op: 'one' } }));
    });
    await refused(work, 403, 'SignatureDoesNotMatch');
  },
  'an x-amz header outside the signature is AccessDenied': async (context) => {
    const { bucket } = context;
    const work = withClient(context, {}, (client) => {
      tamper(client, (request) => {
        request.headers['x-amz-meta-smuggled'] = 'yes';
      });
      return client.send(new PutObjectCommand({ Bucket: bucket, Key: 'k', Body: 'x' }));
    });
    await refused(work, 403, 'AccessDenied');
  },
  'a presigned GET works in any client': async (context) => {
    await put(context, 'k', 'shared', { ContentType: 'text/x-test' });
    const reply = await fetch(await presigned(context));
    expect(reply.status).toBe(200);
    expect(await reply.text()).toBe('shared');
    expect(reply.headers.get('content-type')).toBe('text/x-test');
  },
  'a presigned GET can shape the download': async (context) => {
    await put(context, 'k', 'shared');
    const disposition = `attachment; filename="report ü.pdf"; filename*=UTF-8''report%20%C3%BC.pdf`.replace(' ü', '');
    const shape = { ResponseContentDisposition: disposition, ResponseContentType: 'application/pdf' };
    const reply = await fetch(await presigned(context, shape));
    expect(reply.status).toBe(200);
    expect(reply.headers.get('content-disposition')).toBe(disposition);
    expect(reply.headers.get('content-type')).toBe('application/pdf');
    await reply.body?.cancel();
  },
  'a presigned GET that ran out is AccessDenied': async (context) => {
    await put(context, 'k');
    const url = await presigned(context, {}, { expiresIn: 30, signingDate: new Date(Date.now() - 60_000) });
    expect(await refusal(url)).toBe('403 AccessDenied');
  },
  'a presigned GET for one key opens no other': async (context) => {
    await put(context, 'k');
    await put(context, 'other');
    const url = await presigned(context);
    expect(await refusal(url.replace('/k?', '/other?'))).toBe('403 SignatureDoesNotMatch');
    expect(await refusal(url, { method: 'DELETE' })).toBe('403 SignatureDoesNotMatch');
  },
  'a presigned PUT stores': async (context) => {
    const { bucket } = context;
    const url = await withClient(context, { requestChecksumCalculation: 'WHEN_REQUIRED' }, (client) =>
      getSignedUrl(client, new PutObjectCommand({ Bucket: bucket, Key: 'k' }), { expiresIn: 60 }),
    );
    const reply = await fetch(url, { method: 'PUT', body: 'from a link' });
    expect(reply.status).toBe(200);
    await reply.body?.cancel();
    expect(await etagOf(context, 'k')).toBe(reply.headers.get('etag'));
  },
});
