import { expect, it } from 'vitest';
import type { LocalFiles, ObjectStore, RemoteObject } from '../../../src/core/ports.ts';
import { EngineStops, restoreObject } from '../../../src/engine/restore-object.ts';
import type { UploadTarget } from '../../../src/sync/upload/upload-context.ts';
import { deskConfig } from '../../support/desk.ts';
import { makeOutbox } from '../../support/outbox.ts';

const REMOTE = { etag: 'e', versionId: null, sizeBytes: 3, lastModified: 0, metadata: {} } as unknown as RemoteObject;

it.each([false, true])(
  'P13: a restore that a reload overtakes between its look and its row queues nothing (%s)',
  async (overtaken) => {
    const outbox = makeOutbox();
    const stopping = new AbortController();
    const config = deskConfig();
    const store: Pick<ObjectStore, 'head'> = { head: () => Promise.resolve(REMOTE) };
    const files: Pick<LocalFiles, 'stat'> = {
      stat: () => {
        if (overtaken) stopping.abort(new EngineStops());
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
    expect(end).toEqual(overtaken ? expect.stringContaining('another configuration') : 'queued');
    expect(outbox.repos.operations.lastSeq()).toBe(overtaken ? 0 : 1);
  },
);
