import { expect, it } from 'vitest';
import type { DestinationConfig } from '../../../src/config/config-types.ts';
import { folderPlace, isSameFolderPlace } from '../../../src/config/storage-place.ts';

const at = (more: Partial<DestinationConfig> = {}, destination = 'main') =>
  folderPlace({ destination, prefix: 'drop/' }, {
    endpoint: 'https://s3.example.com',
    bucket: 'files',
    prefix: '',
    ...more,
  } as DestinationConfig);

it('P2: a folder’s place is its destination by name, the service, the bucket and the prefix', () => {
  expect(isSameFolderPlace(at(), at())).toBe(true);
  expect(isSameFolderPlace(at(), at({ endpoint: 'https://S3.example.com:443/' }))).toBe(true);
  expect(isSameFolderPlace(at(), at({ endpoint: 'https://s3.example.org' }))).toBe(false);
  expect(isSameFolderPlace(at(), at({ bucket: 'others' }))).toBe(false);
  expect(isSameFolderPlace(at(), at({ prefix: 'more/' }))).toBe(false);
  expect(isSameFolderPlace(at(), at({}, 'other'))).toBe(false);
});

it('P6: what earlier versions stored, without the service, is the same place', () => {
  const stored = JSON.stringify(['main', 'files', 'drop/']);
  expect(isSameFolderPlace(stored, at())).toBe(true);
  expect(isSameFolderPlace(stored, at({ bucket: 'others' }))).toBe(false);
  expect(isSameFolderPlace(stored, at({ prefix: 'more/' }))).toBe(false);
});
