import { describe, expect, it } from 'vitest';
import { storagePlace } from '../../../src/config/storage-place.ts';
import { LongshoreError } from '../../../src/core/longshore-error.ts';
import type { RemoteObject } from '../../../src/core/ports.ts';
import { Janitor } from '../../../src/sync/janitor.ts';
import type { UploadTarget } from '../../../src/sync/upload/upload-context.ts';
import { makeOutbox, SOME_PLACE } from '../../support/outbox.ts';

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
  const target = { place: SOME_PLACE, store, honours: () => options.honours ?? true } as unknown as UploadTarget;
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
  repos.cleanups.addDelete({ destination: 'main', place: SOME_PLACE, key: 'drop/x', etag: ETAG }, clock.now());
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
    target: () => ({ name: 'main', place: SOME_PLACE, store }) as unknown as UploadTarget,
    isOpen: () => true,
    opensAt: () => null,
    heardFrom: () => undefined,
    onFatal: (error) => {
      throw error;
    },
  });
  repos.cleanups.addOrphans({ destination: 'main', place: SOME_PLACE, key: 'p/probe' }, clock.now());
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
  repos.cleanups.addOrphans({ destination: 'main', place: SOME_PLACE, key: 'p/probe' }, clock.now());
  for (let round = 0; round < 20 && repos.cleanups.count() > 0; round += 1) {
    const janitor = new Janitor({
      ...outbox,
      target: () => ({ name: 'main', place: SOME_PLACE, store }) as unknown as UploadTarget,
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

describe('P7: what lies where the configuration leads no longer', () => {
  const elsewhere = storagePlace({ endpoint: 'https://s3.example.com', bucket: 'old' });

  /** One run of the engine's, whose configuration leads to `place`; what it aborts is recorded. */
  function makeRuns() {
    const outbox = makeOutbox();
    const aborted: string[] = [];
    const store: Pick<UploadTarget['store'], 'listUploads' | 'abortUpload'> = {
      listUploads: () => Promise.resolve([]),
      abortUpload: (_key, uploadId) => {
        aborted.push(uploadId);
        return Promise.resolve();
      },
    };
    const run = async (place: string) => {
      const janitor = new Janitor({
        ...outbox,
        target: () => ({ name: 'main', place, store }) as unknown as UploadTarget,
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
    };
    return { outbox, aborted, run };
  }
  const upload = { destination: 'main', place: elsewhere, key: 'drop/x', uploadId: 'there' };

  it('is not done at another place, nor told as done, and says why', async () => {
    const { outbox, aborted, run } = makeRuns();
    const { repos, clock, db } = outbox;
    repos.cleanups.addAbort(upload, clock.now());
    repos.cleanups.addOrphans({ ...upload, key: 'drop/y' }, clock.now());
    repos.cleanups.addDelete({ ...upload, key: 'drop/z', etag: ETAG }, clock.now());
    await run(SOME_PLACE);
    expect(aborted).toEqual([]);
    expect(repos.events.list({ limit: 10 })).toEqual([]);
    const kept = { error: 'It lies in bucket old at s3.example.com:443, which the configuration names no longer' };
    expect(db.prepare('SELECT attempts, due_at AS dueAt, last_error AS error FROM cleanups').all()).toEqual(
      Array.from({ length: 3 }, () => ({ attempts: 0, dueAt: clock.now() + 3_600_000, ...kept })),
    );
  });

  it('is done at once when the configuration leads there again', async () => {
    const { outbox, aborted, run } = makeRuns();
    outbox.repos.cleanups.addAbort(upload, outbox.clock.now());
    await run(SOME_PLACE);
    await run(elsewhere);
    expect(aborted).toEqual(['there']);
    expect(outbox.repos.cleanups.count()).toBe(0);
    expect(outbox.repos.events.list({ limit: 10 })).toMatchObject([{ type: 'upload-aborted' }]);
  });

  it('but what waits for another reason goes on waiting after a start', async () => {
    const { outbox, aborted, run } = makeRuns();
    const { cleanups } = outbox.repos;
    cleanups.addAbort(upload, outbox.clock.now());
    cleanups.postpone(1, outbox.clock.now() + 1000, 's3.server-error: trouble');
    await run(elsewhere);
    expect(aborted).toEqual([]);
    expect(cleanups.count()).toBe(1);
  });

  it('is done where the name leads when it is from before places were stored', async () => {
    const { outbox, aborted, run } = makeRuns();
    outbox.repos.cleanups.addAbort({ ...upload, place: null }, outbox.clock.now());
    await run(SOME_PLACE);
    expect(aborted).toEqual(['there']);
  });

  it('concerns no upload of the same key elsewhere', () => {
    const { cleanups } = makeOutbox().repos;
    cleanups.addOrphans(upload, 0);
    expect(cleanups.concerns(upload)).toBe(true);
    expect(cleanups.concerns({ ...upload, place: SOME_PLACE })).toBe(false);
  });
});
