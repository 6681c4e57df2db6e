import { expect, it } from 'vitest';
import { folderPlace } from '../../../src/config/storage-place.ts';
import type { LocalFiles, ObjectStore, RemoteObject } from '../../../src/core/ports.ts';
import { EngineStops, restoreObject } from '../../../src/engine/restore-object.ts';
import type { UploadTarget } from '../../../src/sync/upload/upload-context.ts';
import { deskConfig } from '../../support/desk.ts';
import { makeOutbox } from '../../support/outbox.ts';

const REMOTE = { etag: 'e', versionId: null, sizeBytes: 3, lastModified: 0, metadata: {} } as unknown as RemoteObject;

it.each([
  ['nothing', 'queued'],
  ['a reload', expect.stringContaining('another configuration')],
  ['a change of the place', expect.stringContaining('another place')],
])(
  'P13: a restore that a change of the configuration overtakes between its look and its row queues nothing (%s)',
  async (overtakes, expected) => {
    const outbox = makeOutbox();
    const { folders, operations } = outbox.repos;
    const stopping = new AbortController();
    const config = deskConfig();
    const [folder] = config.folders;
    folders.ensure('drop', '/drop');
    folders.setPlace('drop', folderPlace(folder!, config.destinations[folder!.destination]!), 0);
    const store: Pick<ObjectStore, 'head'> = { head: () => Promise.resolve(REMOTE) };
    const files: Pick<LocalFiles, 'stat'> = {
      stat: () => {
        if (overtakes === 'a reload') stopping.abort(new EngineStops());
        if (overtakes === 'a change of the place') folders.setPlace('drop', '["elsewhere"]', 0);
        return Promise.resolve(null);
      },
    };
    const restored = restoreObject(
      {
        ...outbox,
        config,
        targets: { get: () => ({ store }) as unknown as UploadTarget },
        files: files as LocalFiles,
        keyOf: (prefix, path) => ({ ok: true, key: `${prefix}${path}`, originalName: null }),
        stopped: stopping.signal,
        stopRunning: () => undefined,
        contentTypeOf: () => 'text/plain',
      },
      { folder: 'drop', path: 'a.txt' },
    );
    const end = await restored.then(
      () => 'queued',
      (error: unknown) => String(error),
    );
    expect(end).toEqual(expected);
    expect(operations.lastSeq()).toBe(overtakes === 'nothing' ? 1 : 0);
  },
);
