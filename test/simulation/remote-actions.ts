import { crc32 } from 'node:zlib';
import type { Checksum } from '../../src/core/ports.ts';
import { isProbe, type Bucket } from './bucket.ts';
import { keyPrefixOf } from './machine-config.ts';
import { PART_BYTES } from './sim-config.ts';
import type { SeededRandom } from './seeded-random.ts';
import type { SimWorld } from './sim-world.ts';

export const REMOTE_ACTIONS = {
  otherWrites: 2,
  otherWritesSame: 0.7,
  otherDeletes: 1,
  otherRestores: 0.7,
  otherUploads: 0.5,
  uploadExpires: 1,
  recordChanges: 1,
} as const;
export type RemoteAction = keyof typeof REMOTE_ACTIONS;

/** What other people, devices and rules do to the storage and to the records. */
export class RemoteActions {
  readonly #world: SimWorld;
  #random: SeededRandom;
  /** Uploads of another hand: to be left alone. */
  readonly foreignUploads: { readonly bucket: Bucket; readonly id: string }[] = [];

  constructor(world: SimWorld) {
    this.#world = world;
    this.#random = world.random;
    world.onRace((bucket, key) => {
      // Nobody else knows these names.
      if (isProbe(key)) return;
      if (world.random.chance(0.3)) bucket.removeAsOther(key);
      else this.#write(bucket, key, world.random.bytes(world.random.below(2 * PART_BYTES)));
    });
  }

  act(action: RemoteAction, random: SeededRandom): void {
    this.#random = random;
    const bucket = random.pick([...this.#world.buckets.values()]);
    const key = this.#anyKey(bucket);
    switch (action) {
      case 'otherWrites':
        if (key !== null) this.#write(bucket, key, random.bytes(random.below(4 * PART_BYTES)));
        break;
      case 'otherWritesSame':
        this.#writeSame();
        break;
      case 'otherDeletes':
        if (key !== null) bucket.removeAsOther(key);
        break;
      case 'otherRestores': {
        const past = (key === null ? [] : (bucket.history.get(key) ?? [])).filter(
          (version) => version.bytes !== null && version.etag !== bucket.current(version.key)?.etag,
        );
        if (past.length > 0) bucket.restore(random.pick(past));
        break;
      }
      case 'otherUploads': {
        if (key === null) break;
        // Its key begins as ours does: a listing by prefix shows it.
        const object = { key: `${key}.part`, contentType: 'x/x', metadata: {} };
        this.foreignUploads.push({ bucket, id: bucket.createUpload(object, 'CRC64NVME', 'other').uploadId });
        break;
      }
      case 'uploadExpires': {
        const open = [...bucket.uploads.values()].filter(
          (upload) => upload.state === 'open' && upload.writer !== 'other',
        );
        if (open.length > 0) bucket.expire(random.pick(open).id);
        break;
      }
      case 'recordChanges': {
        const service = random.pick([...this.#world.services.values()]);
        service.writeAsOther(`/records/${random.below(3)}`, { title: `other ${random.below(1000)}` });
        break;
      }
    }
  }

  /** Keys that exist, and keys that are about to. */
  #anyKey(bucket: Bucket): string | null {
    const random = this.#random;
    const { outbox } = this.#world.first;
    const coming = outbox
      .inStates('pending', 'running', 'waiting')
      .filter(
        (operation) =>
          operation.kind === 'file.upload' && operation.errorCode === null && operation.target.includes('/'),
      )
      .map((operation) => operation.target);
    const keys = [...bucket.history.keys(), ...coming].filter((key) => !isProbe(key));
    return keys.length === 0 ? null : random.pick(keys);
  }

  /** Another device has the very same file. */
  #writeSame(): void {
    const random = this.#random;
    const { first } = this.#world;
    const { disk, config } = first;
    if (config.folders.length === 0) return;
    const folder = random.pick(config.folders);
    const files = disk.files(folder.path);
    const bucket = first.bucketOf(folder.destination);
    if (files.length === 0 || bucket === undefined) return;
    const { path, node } = random.pick(files);
    const prefix = keyPrefixOf(config, folder);
    this.#write(bucket, `${prefix}${path.normalize('NFC')}`, node.bytes ?? new Uint8Array(0));
  }

  #write(bucket: Bucket, key: string, bytes: Uint8Array): void {
    const object = { key, contentType: 'application/octet-stream', metadata: { 'longshore-op': 'of-another-device' } };
    const copy = Uint8Array.from(bytes);
    bucket.putAsOther(object, copy, crc32Of(copy));
  }
}

/** The checksum that another program's client sent along. */
function crc32Of(bytes: Uint8Array): Checksum {
  const value = Buffer.alloc(4);
  value.writeUInt32BE(crc32(bytes));
  return { algorithm: 'CRC32', value: value.toString('base64') };
}
