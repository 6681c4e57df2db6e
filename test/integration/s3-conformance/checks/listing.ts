import { ListObjectsCommand, ListObjectsV2Command } from '@aws-sdk/client-s3';
import type { ListObjectsV2CommandInput } from '@aws-sdk/client-s3';
import { expect } from 'vitest';
import { checks, md5Hex, put, refused } from '../check.ts';
import type { CheckContext } from '../check.ts';

async function fill(context: CheckContext, keys: readonly string[]): Promise<void> {
  for (const key of keys) await put(context, key);
}

function list({ client, bucket }: CheckContext, input: Partial<ListObjectsV2CommandInput> = {}) {
  return client.send(new ListObjectsV2Command({ Bucket: bucket, ...input }));
}

/** Every key and common prefix, page by page. */
async function pages(context: CheckContext, input: Partial<ListObjectsV2CommandInput>): Promise<string[][]> {
  const found: string[][] = [];
  let token: string | undefined;
  for (let page = 0; page < 20; page++) {
    const reply = await list(context, { ...input, ContinuationToken: token });
    const keys = (reply.Contents ?? []).map(({ Key }) => Key ?? '');
    const prefixes = (reply.CommonPrefixes ?? []).map(({ Prefix }) => Prefix ?? '');
    found.push([...keys, ...prefixes]);
    token = reply.NextContinuationToken;
    expect(reply.IsTruncated === true).toBe(token !== undefined);
    if (token === undefined) break;
  }
  return found;
}

const TREE = ['a.txt', 'docs/one', 'docs/two', 'docs/sub/three', 'photos/x', 'z.txt'];

export const listingChecks = checks('listing', {
  'an empty bucket lists nothing': async (context) => {
    const reply = await list(context);
    expect(reply.KeyCount).toBe(0);
    expect(reply.Contents ?? []).toEqual([]);
    expect(reply.IsTruncated).toBe(false);
  },
  'an entry tells key, size, ETag and time': async (context) => {
    await put(context, 'k', 'twelve bytes');
    const [entry] = (await list(context)).Contents ?? [];
    expect([entry?.Key, entry?.Size, entry?.ETag]).toEqual(['k', 12, `"${md5Hex(Buffer.from('twelve bytes'))}"`]);
    expect(Math.abs((entry?.LastModified?.getTime() ?? 0) - Date.now())).toBeLessThan(60_000);
  },
  'keys come in the order of their UTF-8 bytes': async (context) => {
    const keys = ['Z', 'a', 'a/b', 'a-b', 'é', '\u{FF5E}', '\u{1F389}', '1', '10', '2'];
    await fill(context, keys);
    const expected = [...keys].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
    expect((await list(context)).Contents?.map(({ Key }) => Key)).toEqual(expected);
  },
  'a prefix selects': async (context) => {
    await fill(context, TREE);
    const keys = (await list(context, { Prefix: 'docs/' })).Contents?.map(({ Key }) => Key);
    expect(keys).toEqual(['docs/one', 'docs/sub/three', 'docs/two']);
  },
  'a delimiter rolls up': async (context) => {
    await fill(context, TREE);
    const top = await list(context, { Delimiter: '/' });
    expect(top.Contents?.map(({ Key }) => Key)).toEqual(['a.txt', 'z.txt']);
    expect(top.CommonPrefixes?.map(({ Prefix }) => Prefix)).toEqual(['docs/', 'photos/']);
    expect(top.KeyCount).toBe(4);
    const below = await list(context, { Delimiter: '/', Prefix: 'docs/' });
    expect(below.Contents?.map(({ Key }) => Key)).toEqual(['docs/one', 'docs/two']);
    expect(below.CommonPrefixes?.map(({ Prefix }) => Prefix)).toEqual(['docs/sub/']);
  },
  'pages are full and lose nothing': async (context) => {
    const keys = Array.from({ length: 7 }, (_, number) => `key ${number}`);
    await fill(context, keys);
    const found = await pages(context, { MaxKeys: 3 });
    expect(found.map((page) => page.length)).toEqual([3, 3, 1]);
    expect(found.flat()).toEqual(keys);
  },
  'pages with a delimiter count a common prefix once': async (context) => {
    await fill(context, TREE);
    const found = await pages(context, { MaxKeys: 1, Delimiter: '/' });
    expect(found.flat().sort()).toEqual(['a.txt', 'docs/', 'photos/', 'z.txt']);
  },
  'a page that is exactly full is the last': async (context) => {
    await fill(context, ['a', 'b']);
    expect(await pages(context, { MaxKeys: 2 })).toEqual([['a', 'b']]);
  },
  'StartAfter begins behind a key': async (context) => {
    await fill(context, ['a', 'b', 'c']);
    expect((await list(context, { StartAfter: 'a' })).Contents?.map(({ Key }) => Key)).toEqual(['b', 'c']);
    expect((await list(context, { StartAfter: 'aa' })).Contents?.map(({ Key }) => Key)).toEqual(['b', 'c']);
  },
  'EncodingType url encodes keys': async (context) => {
    await fill(context, ['a b/c&d', 'plus+']);
    const reply = await list(context, { EncodingType: 'url' });
    const decoded = reply.Contents?.map(({ Key }) => decodeURIComponent((Key ?? '').replaceAll('+', ' ')));
    expect(decoded).toEqual(['a b/c&d', 'plus+']);
    expect(reply.Contents?.[1]?.Key).toBe('plus%2B');
  },
  'a made-up continuation token is refused': async (context) => {
    await refused(list(context, { ContinuationToken: 'not a token' }), 400, 'InvalidArgument');
  },
  'the first form of the listing works too': async (context) => {
    const { client, bucket } = context;
    await fill(context, TREE);
    const one = await client.send(new ListObjectsCommand({ Bucket: bucket, Delimiter: '/', MaxKeys: 2 }));
    expect(one.IsTruncated).toBe(true);
    const Marker = one.NextMarker;
    const two = await client.send(new ListObjectsCommand({ Bucket: bucket, Delimiter: '/', Marker }));
    expect(two.CommonPrefixes?.map(({ Prefix }) => Prefix)).toEqual(['photos/']);
    expect(two.Contents?.map(({ Key }) => Key)).toEqual(['z.txt']);
  },
});
