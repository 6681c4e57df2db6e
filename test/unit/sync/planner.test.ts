import { describe, expect, it } from 'vitest';
import type { ScannedDirectory } from '../../../src/core/ports.ts';
import { FOREVER, type StoredOperation } from '../../../src/db/stored-operation.ts';
import type { KeyOf, PlannedFolder } from '../../../src/sync/planned-folder.ts';
import { Planner } from '../../../src/sync/planner.ts';
import { atOnce } from '../../../src/sync/turns.ts';
import { uploadSpec } from '../../../src/sync/specs.ts';
import { NOON } from '../../support/manual-clock.ts';
import {
  lease,
  makeOutbox,
  must,
  queueUpload,
  reread,
  scannedDirectory,
  scannedFile,
  uploadOf,
  type Outbox,
} from '../../support/outbox.ts';

const FOLDER: PlannedFolder = {
  name: 'drop',
  destination: 'main',
  keyPrefix: 'drop/',
  priority: 'normal',
  stabilityMs: 500,
  mode: 'drop',
  deletes: { graceMs: 60_000, askAboveFiles: 50, askAboveShare: 0.2 },
};
const OLD = NOON - 60_000;

/** Keys as the product makes them, and one that is too long. */
const keyOf: KeyOf = (prefix, path) =>
  path.includes('too-long')
    ? { ok: false, code: 's3.key-too-long' }
    : { ok: true, key: prefix + path.normalize('NFC'), originalName: null };

function makeBench() {
  const outbox = makeOutbox();
  const stopped: [number, string][] = [];
  const planner = new Planner({
    ...outbox,
    stopRunning: (operation, reason) => stopped.push([operation.seq, reason]),
    keyOf,
    contentTypeOf: () => 'text/plain',
  });
  outbox.repos.folders.ensure('drop', '/home/me/Drop');
  const scanned = (directory: ScannedDirectory) =>
    outbox.repos.transaction(() => atOnce(planner.plan(FOLDER, directory, false)));
  const scan = (patch: Partial<ScannedDirectory>, dir = '') => scanned(scannedDirectory(dir, patch));
  const bury = (...names: readonly string[]) => {
    for (const name of names) planner.burials.bury(FOLDER, { dir: '', name, volumes: new Set(['7']) }, false);
  };
  return { outbox, planner, stopped, scanned, scan, bury };
}

function all(outbox: Outbox): StoredOperation[] {
  return outbox.db
    .prepare<[], { id: string }>('SELECT id FROM operations ORDER BY seq')
    .all()
    .map(({ id }) => must(outbox.repos.operations.byId(id)));
}

const shown = (outbox: Outbox) => all(outbox).map(({ path, state, error }) => [path, state, error?.code ?? null]);

describe('P10: a directory of very many files', () => {
  it('is taken in little by little, so that nothing else waits for it', () => {
    const { outbox, planner } = makeBench();
    let made = 0;
    const files = {
      length: 20_000,
      *[Symbol.iterator]() {
        for (let index = 0; index < 20_000; index += 1) {
          made += 1;
          yield scannedFile(`f${index}`, { mtimeMs: NOON });
        }
      },
    };
    let mostAtOnce = 0;
    let before = 0;
    const plan = planner.plan(FOLDER, scannedDirectory('d', { files }), false);
    for (;;) {
      const { done } = outbox.repos.transaction(() => plan.next());
      mostAtOnce = Math.max(mostAtOnce, made - before);
      before = made;
      if (done === true) break;
    }
    expect(made).toBe(20_000);
    expect(mostAtOnce).toBeLessThanOrEqual(5000);
  });
});

describe('P2: the planner', () => {
  it('says a trouble once, also when the volume has another number after a restart', () => {
    const { outbox, scan } = makeBench();
    const problems = [{ name: 'a.txt', code: 'local.permission', detail: '' }] as const;
    expect(scan({ problems, volume: '7' }).queued).toBe(1);
    expect(scan({ problems, volume: '8' }).queued).toBe(0);
    expect(all(outbox)).toHaveLength(1);
    expect(outbox.repos.files.get('drop', '', 'a.txt')?.fingerprint).toBe('!local.permission@8');
  });

  it('sends a file whose times lie ahead, however many young files have come and gone before', () => {
    const { outbox, scan } = makeBench();
    const names = Array.from({ length: 100 }, (_, index) => `tmp-${index}`);
    for (let round = 0; round < 100; round += 1) {
      const mtimeMs = outbox.clock.now();
      scan({ files: names.map((name) => scannedFile(`${round}-${name}`, { mtimeMs })) });
      scan({});
      outbox.clock.jump(1000);
    }
    const ahead = scannedFile('photo.jpg', { mtimeMs: NOON + 365 * 86_400_000 });
    expect(scan({ files: [ahead] }).queued).toBe(0);
    outbox.clock.jump(FOLDER.stabilityMs);
    expect(scan({ files: [ahead] }).queued).toBe(1);
  });

  it('queues a new file with all that its upload needs, and remembers it', () => {
    const { outbox, scan } = makeBench();
    const file = scannedFile('a.txt', { mtimeMs: OLD });
    expect(scan({ files: [file] }, 'sub')).toMatchObject({ queued: 1, lookAgainAt: null, gone: [] });
    const [operation] = all(outbox);
    expect(operation).toMatchObject({
      kind: 'file.upload',
      state: 'pending',
      lane: 'folder:drop',
      folder: 'drop',
      path: 'sub/a.txt',
      destination: 'main',
      target: 'drop/sub/a.txt',
      resourceKey: 'main:drop/sub/a.txt',
      contentType: 'text/plain',
      bytesTotal: 100,
      spec: { key: 'drop/sub/a.txt', fingerprint: file.fingerprint, sizeBytes: 100, hashFirst: false, beside: false },
    });
    expect(outbox.repos.files.get('drop', 'sub', 'a.txt')).toMatchObject({
      fingerprint: file.fingerprint,
      base: null,
      operation: operation?.id,
    });
  });

  it('queues a state once, however often it is seen: also when it failed or was cancelled', () => {
    const { outbox, scan } = makeBench();
    const files = [scannedFile('a', { mtimeMs: OLD }), scannedFile('b', { mtimeMs: OLD, ino: 2 })];
    scan({ files });
    const [a, b] = all(outbox);
    outbox.repos.operations.transition(must(a), 'cancel');
    outbox.repos.operations.transition(lease(outbox, must(b)), 'succeed');
    expect(scan({ files })).toMatchObject({ queued: 0, lookAgainAt: null, gone: [] });
    expect(all(outbox)).toHaveLength(2);
  });

  it('waits for a young file and says until when', () => {
    const { outbox, scan } = makeBench();
    const files = [scannedFile('a', { mtimeMs: NOON - 100 }), scannedFile('b', { mtimeMs: NOON - 300 })];
    expect(scan({ files })).toMatchObject({ queued: 0, lookAgainAt: NOON + 200, gone: [] });
    outbox.clock.advance(500);
    expect(scan({ files })).toMatchObject({ queued: 2, lookAgainAt: null });
  });

  it('takes a file from the future when it has stood still since it was first seen', () => {
    const { outbox, scan } = makeBench();
    const files = [scannedFile('a', { mtimeMs: NOON + 86_400_000 })];
    expect(scan({ files })).toMatchObject({ queued: 0, lookAgainAt: NOON + 500 });
    outbox.clock.advance(300);
    expect(scan({ files })).toMatchObject({ queued: 0, lookAgainAt: NOON + 500 });
    outbox.clock.advance(200);
    expect(scan({ files })).toMatchObject({ queued: 1 });
  });

  it('supersedes what is unfinished of a file that changed; the running one is told to stop', () => {
    const { outbox, scan, stopped } = makeBench();
    scan({ files: [scannedFile('a', { mtimeMs: OLD })] });
    const first = lease(outbox, must(all(outbox)[0]));
    scan({ files: [scannedFile('a', { mtimeMs: OLD + 1, sizeBytes: 5 })] });
    expect(stopped).toEqual([[first.seq, 'superseded']]);
    expect(reread(outbox, first)).toMatchObject({ state: 'running', ending: 'superseded' });
    scan({ files: [scannedFile('a', { mtimeMs: OLD + 2, sizeBytes: 6 })] });
    expect(all(outbox).map(({ state, bytesTotal }) => [state, bytesTotal])).toEqual([
      ['running', 100],
      ['superseded', 5],
      ['pending', 6],
    ]);
    expect(stopped, 'once is enough').toHaveLength(1);
  });

  it('P4: lets the newer state inherit the base version', () => {
    const { outbox, scan } = makeBench();
    scan({ files: [scannedFile('a', { mtimeMs: OLD })] });
    outbox.repos.files.setBase('drop', '', 'a', { etag: 'e1', versionId: null }, 'CRC64NVME:x');
    scan({ files: [scannedFile('a', { mtimeMs: OLD + 1 })] });
    expect(outbox.repos.files.get('drop', '', 'a')).toMatchObject({ base: { etag: 'e1' }, checksum: 'CRC64NVME:x' });
  });

  it('lets the content decide about a mere touch, where the storage is known to hold the content before it', () => {
    const { outbox, scan } = makeBench();
    const touchedAt = (mtimeMs: number) => {
      scan({ files: [scannedFile('a', { mtimeMs })] });
      return must(all(outbox).at(-1));
    };
    const first = touchedAt(OLD);
    expect(uploadSpec(touchedAt(OLD + 1)).hashFirst, 'the first one never got there').toBe(false);
    expect(reread(outbox, first).state).toBe('superseded');
    outbox.repos.operations.transition(lease(outbox, must(all(outbox).at(-1))), 'succeed');
    expect(uploadSpec(touchedAt(OLD + 2)).hashFirst).toBe(true);
  });

  it('looks at a file from the future anew when the clock was set back meanwhile', () => {
    const { outbox, scan } = makeBench();
    const files = [scannedFile('a', { mtimeMs: NOON + 86_400_000 })];
    scan({ files });
    outbox.clock.jump(-3_600_000);
    expect(scan({ files }).lookAgainAt).toBe(NOON - 3_600_000 + 500);
    outbox.clock.advance(500);
    expect(scan({ files }).queued).toBe(1);
  });

  it('names what is gone, and forgets it only when told so: a delete leaves the storage alone', () => {
    const { outbox, scan, bury } = makeBench();
    const files = [scannedFile('a', { mtimeMs: OLD }), scannedFile('b', { mtimeMs: OLD, ino: 2 })];
    scan({ files });
    outbox.repos.files.setBase('drop', '', 'a', { etag: 'e1', versionId: null }, null);
    expect(scan({ files: files.slice(1) })).toMatchObject({ queued: 0, lookAgainAt: null, gone: ['a'] });
    expect(shown(outbox)).toEqual([
      ['a', 'pending', null],
      ['b', 'pending', null],
    ]);
    bury('a', 'never-there');
    expect(shown(outbox)).toEqual([
      ['a', 'superseded', null],
      ['b', 'pending', null],
    ]);
    expect(outbox.repos.files.get('drop', '', 'a')).toMatchObject({ fingerprint: null, base: { etag: 'e1' } });
    expect(outbox.repos.folders.get('drop')?.files).toBe(1);
    expect(scan({ files: files.slice(1) }).gone, 'forgotten once').toEqual([]);
  });

  it('concludes nothing from a directory that was not read to its end', () => {
    const { scan } = makeBench();
    scan({ files: [scannedFile('a', { mtimeMs: OLD })] });
    expect(scan({ complete: false }).gone).toEqual([]);
  });

  it('P4: sends a file that came back over its own version', () => {
    const { outbox, scan, bury } = makeBench();
    const files = [scannedFile('a', { mtimeMs: OLD })];
    scan({ files });
    outbox.repos.files.setBase('drop', '', 'a', { etag: 'e1', versionId: 'v1' }, null);
    bury('a');
    expect(scan({ files }).queued).toBe(1);
    expect(outbox.repos.files.get('drop', '', 'a')).toMatchObject({
      fingerprint: files[0]?.fingerprint,
      base: { etag: 'e1', versionId: 'v1' },
    });
  });

  it('shows the second of two names with one key as failed, and lets the first one go', () => {
    const { outbox, scan, bury } = makeBench();
    const composed = 'caf\u00e9';
    const decomposed = 'cafe\u0301';
    const files = [scannedFile(composed, { mtimeMs: OLD }), scannedFile(decomposed, { mtimeMs: OLD, ino: 2 })];
    expect(scan({ files }).queued).toBe(2);
    expect(shown(outbox)).toEqual([
      [composed, 'pending', null],
      [decomposed, 'failed', 'local.name-collision'],
    ]);
    expect(all(outbox)[1]?.error?.detail).toBe(composed);
    expect(scan({ files }).queued, 'said once').toBe(0);
    // The first one goes: the other one is judged anew, though it did not change.
    bury(composed);
    scan({ files: files.slice(1) });
    expect(shown(outbox)).toEqual([
      [composed, 'superseded', null],
      [decomposed, 'superseded', 'local.name-collision'],
      [decomposed, 'pending', null],
    ]);
  });

  it('P4: the other spelling of a name that can’t be taken any more goes by what was known of its object', () => {
    const { outbox, scan } = makeBench();
    scan({ files: [scannedFile('caf\u00e9', { mtimeMs: OLD })] });
    outbox.repos.files.setBase('drop', '', 'caf\u00e9', { etag: 'e1', versionId: null }, null);
    const problems = [{ name: 'caf\u00e9', code: 'local.too-large', detail: '' }] as const;
    scan({ problems });
    scan({ problems, files: [scannedFile('cafe\u0301', { mtimeMs: OLD, ino: 2 })] });
    expect(outbox.repos.files.get('drop', '', 'cafe\u0301')).toMatchObject({ base: { etag: 'e1' } });
  });

  it('shows a name that can have no key as failed, on that item alone', () => {
    const { outbox, scan } = makeBench();
    scan({ files: [scannedFile('too-long', { mtimeMs: OLD }), scannedFile('b', { mtimeMs: OLD, ino: 2 })] });
    expect(shown(outbox)).toEqual([
      ['too-long', 'failed', 's3.key-too-long'],
      ['b', 'pending', null],
    ]);
  });

  it('P11: shows what can’t be read as failed, once, with the reason', () => {
    const { outbox, scan } = makeBench();
    const problem = { name: 'locked', code: 'local.permission', detail: 'EACCES' } as const;
    expect(scan({ problems: [problem] }).queued).toBe(1);
    expect(scan({ problems: [problem] }).queued).toBe(0);
    expect(all(outbox)[0]?.error).toMatchObject({ code: 'local.permission', detail: 'EACCES' });
    expect(scan({ problems: [{ ...problem, code: 'local.io' }] }).queued).toBe(1);
    expect(shown(outbox)).toEqual([
      ['locked', 'superseded', 'local.permission'],
      ['locked', 'failed', 'local.io'],
    ]);
    expect(scan({ files: [scannedFile('locked', { mtimeMs: OLD })] }).queued).toBe(1);
    expect(shown(outbox).at(-2)).toEqual(['locked', 'superseded', 'local.io']);
    expect(shown(outbox).at(-1)).toEqual(['locked', 'pending', null]);
  });

  it('keeps the base of a file that can’t be read for a while', () => {
    const { outbox, scan } = makeBench();
    const files = [scannedFile('a', { mtimeMs: OLD })];
    scan({ files });
    outbox.repos.files.setBase('drop', '', 'a', { etag: 'e1', versionId: null }, null);
    expect(scan({ problems: [{ name: 'a', code: 'local.permission', detail: '' }] }).gone).toEqual([]);
    expect(shown(outbox)).toEqual([
      ['a', 'superseded', null],
      ['a', 'failed', 'local.permission'],
    ]);
    scan({ files });
    expect(outbox.repos.files.get('drop', '', 'a')).toMatchObject({ base: { etag: 'e1' } });
  });

  it('P7: hands the open upload of a superseded state to cleanup', () => {
    const { outbox, scan } = makeBench();
    scan({ files: [scannedFile('a', { mtimeMs: OLD })] });
    outbox.repos.uploads.insert(uploadOf(must(all(outbox)[0])));
    scan({ files: [scannedFile('a', { mtimeMs: OLD + 1, sizeBytes: 5 })] });
    expect(outbox.repos.cleanups.due('main', FOREVER, 9)).toMatchObject([{ key: 'drop/a', uploadId: 'upload-1' }]);
  });

  describe('passes over a directory that scans to the digest of the time when nothing was to be done', () => {
    const files = [scannedFile('a', { mtimeMs: OLD }), scannedFile('b', { mtimeMs: OLD, ino: 2 })];
    /** A scan whose files nobody may look at. */
    const unread = (digest: string): ScannedDirectory => {
      const directory = scannedDirectory('', { digest });
      return Object.defineProperty(directory, 'files', {
        get: () => {
          throw new Error('it was compared');
        },
      });
    };

    it('and only then: not while something is new, settling, in trouble or gone', () => {
      const { scan, scanned } = makeBench();
      scan({ files, digest: 'aa' });
      scan({ files, digest: 'aa' });
      expect(scanned(unread('aa'))).toMatchObject({ queued: 0, present: 2 });
      scan({ files: files.slice(1), digest: 'bb' });
      const problem = { name: 'x', code: 'local.permission', detail: '' } as const;
      scan({ files, problems: [problem], digest: 'cc' });
      scan({ files: [...files, scannedFile('young', { mtimeMs: NOON, ino: 3 })], digest: 'dd' });
      for (const digest of ['bb', 'cc', 'dd']) expect(() => scanned(unread(digest)), digest).toThrow(/compared/);
    });

    it('until the inventory of the directory changes', () => {
      const { outbox, scan } = makeBench();
      scan({ files, digest: 'aa' });
      scan({ files, digest: 'aa' });
      const row = must(outbox.repos.files.get('drop', '', 'a'));
      outbox.repos.files.put({ ...row, fingerprint: null });
      expect(scan({ files, digest: 'aa' }).queued).toBe(1);
    });

    it('also a large one, unless it changed while it was compared', () => {
      const { outbox, planner, scan, scanned } = makeBench();
      const many = Array.from({ length: 2500 }, (_, index) =>
        scannedFile(`f${index}`, { mtimeMs: OLD, ino: index + 1 }),
      );
      scan({ files: many });
      const steps = planner.plan(FOLDER, scannedDirectory('', { files: many, digest: 'aa' }), false);
      steps.next();
      const row = must(outbox.repos.files.get('drop', '', 'f0'));
      outbox.repos.files.put({ ...row, fingerprint: null });
      atOnce(steps);
      expect(scan({ files: many, digest: 'aa' }).queued, 'it is compared again').toBe(1);
      scan({ files: many, digest: 'aa' });
      expect(scanned(unread('aa'))).toMatchObject({ present: 2500 });
    });
  });

  it('holds new names back when asked to, but never what has a version', () => {
    const { outbox, planner, scan } = makeBench();
    scan({ files: [scannedFile('a', { mtimeMs: OLD })] });
    outbox.repos.files.setBase('drop', '', 'a', { etag: 'e1', versionId: null }, null);
    const files = [scannedFile('a', { mtimeMs: OLD + 1 }), scannedFile('b', { mtimeMs: OLD, ino: 2 })];
    const plan = outbox.repos.transaction(() => atOnce(planner.plan(FOLDER, scannedDirectory('', { files }), true)));
    expect([plan.queued, plan.held.map(({ name }) => name)]).toEqual([1, ['b']]);
    expect(shown(outbox)).toEqual([
      ['a', 'superseded', null],
      ['a', 'pending', null],
    ]);
  });

  it('waits while a download is about to put a version there: that is no change of the user’s', () => {
    const { outbox, scan } = makeBench();
    scan({ files: [scannedFile('a', { mtimeMs: OLD })] });
    outbox.repos.operations.transition(lease(outbox, must(all(outbox)[0])), 'succeed');
    const download = queueUpload(outbox, 'a', { kind: 'file.download' });
    lease(outbox, download);
    expect(scan({ files: [scannedFile('a', { mtimeMs: OLD + 1 })] })).toMatchObject({
      queued: 0,
      lookAgainAt: NOON + 500,
    });
  });
});
