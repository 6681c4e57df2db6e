import { describe, expect, it } from 'vitest';
import { LongshoreError } from '../../../src/core/longshore-error.ts';
import type { RemoteObject } from '../../../src/core/ports.ts';
import { Janitor } from '../../../src/sync/janitor.ts';
import type { UploadTarget } from '../../../src/sync/upload/upload-context.ts';
import { makeOutbox } from '../../support/outbox.ts';

const ETAG = 'left';

/** A janitor over one object to delete, at a service that has `there`; what it asks is recorded. */
function makeBench(there: string | null, options: { readonly honours?: boolean; readonly fails?: number } = {}) {
  const outbox = makeOutbox();
  const { repos, clock } = outbox;
  const asked: string[] = [];
  let failures = options.fails ?? 0;
  const remote = there === null ? null : ({ etag: there } as RemoteObject);
  const store: Pick<UploadTarget['store'], 'head' | 'remove'> = {
    head: (key) => {
      asked.push(`head ${key}`);
      return Promise.resolve(remote);
    },
    remove: (key, etag) => {
      asked.push(`remove ${key} ${etag}`);
      if (failures > 0) {
        failures -= 1;
        return Promise.reject(new LongshoreError('s3.server-error'));
      }
      if (there !== null && there !== etag) return Promise.reject(new LongshoreError('conflict.changed'));
      return Promise.resolve({ versionId: null });
    },
  };
  const target = { store, honours: () => options.honours ?? true } as unknown as UploadTarget;
  const janitor = new Janitor({
    ...outbox,
    target: () => target,
    isOpen: () => true,
    opensAt: () => null,
    heardFrom: () => undefined,
    onFatal: (error) => {
      throw error;
    },
  });
  repos.cleanups.addDelete({ destination: 'main', key: 'drop/x', etag: ETAG }, clock.now());
  const work = async () => {
    janitor.wake();
    await expect.poll(() => janitor.idle(), { interval: 1 }).toBe(true);
    await janitor.stop();
  };
  return { outbox, asked, work };
}

describe('P7: an object of ours that must not stay', () => {
  it('is deleted as the version that it was left as, and that is told', async () => {
    const { outbox, asked, work } = makeBench(ETAG);
    await work();
    expect(asked).toEqual([`remove drop/x ${ETAG}`]);
    expect(outbox.repos.cleanups.count()).toBe(0);
    expect(outbox.repos.events.list({ limit: 10 })).toMatchObject([
      { type: 'object-removed', resourceKey: 'main:drop/x' },
    ]);
  });

  it('P4: is left alone once it is another’s version', async () => {
    const { outbox, asked, work } = makeBench('another');
    await work();
    expect(asked).toHaveLength(1);
    expect(outbox.repos.cleanups.count()).toBe(0);
  });

  it('P4: a look stands in where the service ignores the condition', async () => {
    const { outbox, asked, work } = makeBench('another', { honours: false });
    await work();
    expect(asked).toEqual(['head drop/x']);
    expect(outbox.repos.cleanups.count()).toBe(0);
  });

  it('is tried again when the service had trouble', async () => {
    const { outbox, work } = makeBench(ETAG, { fails: 1 });
    await work();
    expect(outbox.repos.cleanups.count()).toBe(1);
  });
});

it('P7: of a key that is ours alone every upload goes, whatever the clocks say of when it was begun', async () => {
  const outbox = makeOutbox();
  const { repos, clock } = outbox;
  const aborted: string[] = [];
  const open = [-1, 0, 1].map((days) => ({
    key: 'p/probe',
    uploadId: `upload ${days}`,
    initiated: clock.now() + days * 86_400_000,
  }));
  const store: Pick<UploadTarget['store'], 'listUploads' | 'abortUpload'> = {
    listUploads: () => Promise.resolve(open),
    abortUpload: (_key, uploadId) => {
      aborted.push(uploadId);
      return Promise.resolve();
    },
  };
  const janitor = new Janitor({
    ...outbox,
    target: () => ({ name: 'main', store }) as unknown as UploadTarget,
    isOpen: () => true,
    opensAt: () => null,
    heardFrom: () => undefined,
    onFatal: (error) => {
      throw error;
    },
  });
  repos.cleanups.addOrphans({ destination: 'main', key: 'p/probe' }, clock.now());
  janitor.wake();
  await expect.poll(() => aborted, { interval: 1 }).toEqual(['upload -1', 'upload 0', 'upload 1']);
  await janitor.stop();
});

it('P7: looks that failed use up none of those for a Create that takes effect late', async () => {
  const outbox = makeOutbox();
  const { repos, clock } = outbox;
  const aborted: string[] = [];
  let looks = 0;
  const store: Pick<UploadTarget['store'], 'listUploads' | 'abortUpload'> = {
    listUploads: () => {
      looks += 1;
      if (looks <= 5) return Promise.reject(new LongshoreError('s3.server-error'));
      // The first look that succeeds comes too early.
      return Promise.resolve(looks === 6 ? [] : [{ key: 'p/probe', uploadId: 'late', initiated: clock.now() }]);
    },
    abortUpload: (_key, uploadId) => {
      aborted.push(uploadId);
      return Promise.resolve();
    },
  };
  repos.cleanups.addOrphans({ destination: 'main', key: 'p/probe' }, clock.now());
  for (let round = 0; round < 20 && repos.cleanups.count() > 0; round += 1) {
    const janitor = new Janitor({
      ...outbox,
      target: () => ({ name: 'main', store }) as unknown as UploadTarget,
      isOpen: () => true,
      opensAt: () => null,
      heardFrom: () => undefined,
      onFatal: (error) => {
        throw error;
      },
    });
    janitor.wake();
    await expect.poll(() => janitor.idle(), { interval: 1 }).toBe(true);
    await janitor.stop();
    clock.advance(600_001);
  }
  expect(aborted).toEqual(['late', 'late']);
  expect(repos.cleanups.count()).toBe(0);
});
