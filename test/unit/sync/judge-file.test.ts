import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Fingerprint } from '../../../src/core/fingerprint.ts';
import type { ScannedFile } from '../../../src/core/ports.ts';
import type { StoredFile } from '../../../src/db/files-repo.ts';
import { judgeFile } from '../../../src/sync/judge-file.ts';
import { NOON } from '../../support/manual-clock.ts';
import { fingerprint, scannedFile } from '../../support/outbox.ts';

const STABLE_MS = 500;

function known(print: Fingerprint | null): StoredFile {
  return {
    folder: 'drop',
    dir: '',
    name: 'a',
    key: 'drop/a',
    fingerprint: print,
    sizeBytes: 100,
    mtimeMs: 0,
    base: null,
    checksum: null,
    operation: null,
  };
}

const judge = (found: ScannedFile, before: StoredFile | null = null, firstSeenAt: number | null = null) =>
  judgeFile(before, found, NOON, STABLE_MS, firstSeenAt);

describe('judgeFile', () => {
  it('leaves alone what is as it was queued, however young', () => {
    const found = scannedFile('a', { mtimeMs: NOON });
    expect(judge(found, known(found.fingerprint))).toEqual({ kind: 'known' });
  });

  it('takes a file that has stood still for its time, and says when to look at a younger one', () => {
    expect(judge(scannedFile('a', { mtimeMs: NOON - 500 }))).toEqual({ kind: 'queue', hashFirst: false });
    expect(judge(scannedFile('a', { mtimeMs: NOON - 499 }))).toEqual({ kind: 'settling', lookAgainAt: NOON + 1 });
    expect(judge(scannedFile('a', { mtimeMs: NOON }))).toEqual({ kind: 'settling', lookAgainAt: NOON + 500 });
  });

  it('waits for the metadata too: a copy with old times was still touched now', () => {
    const copied = scannedFile('a', { mtimeMs: NOON - 86_400_000, ctimeMs: NOON - 100 });
    expect(judge(copied)).toEqual({ kind: 'settling', lookAgainAt: NOON + 400 });
  });

  it('takes times in the far future for a wrong clock: then it counts since when it was seen so', () => {
    const future = scannedFile('a', { mtimeMs: NOON + 86_400_000 });
    expect(judge(future)).toEqual({ kind: 'settling', lookAgainAt: NOON + 500 });
    expect(judge(future, null, NOON - 200)).toEqual({ kind: 'settling', lookAgainAt: NOON + 300 });
    expect(judge(future, null, NOON - 500)).toEqual({ kind: 'queue', hashFirst: false });
  });

  it('asks for the content first where only times or identity moved', () => {
    const old = { mtimeMs: NOON - 9000 };
    expect(judge(scannedFile('a', { ...old, ino: 2 }), known(fingerprint(1)))).toMatchObject({ hashFirst: true });
    expect(judge(scannedFile('a', { ...old, sizeBytes: 101 }), known(fingerprint(1)))).toMatchObject({
      hashFirst: false,
    });
    expect(judge(scannedFile('a', old), known(null))).toEqual({ kind: 'queue', hashFirst: false });
    expect(judge(scannedFile('a', old), known('!local.io' as Fingerprint))).toEqual({
      kind: 'queue',
      hashFirst: false,
    });
  });

  it('P2: where times are whole seconds waits until no second write can hide in the same one', () => {
    const mtimeMs = Math.floor(NOON / 1000) * 1000;
    const coarse = scannedFile('a', { mtimeMs, ctimeMs: mtimeMs });
    const at = (now: number) => judgeFile(null, coarse, now, 500, null).kind;
    expect([at(mtimeMs + 600), at(mtimeMs + 1999), at(mtimeMs + 2000)]).toEqual(['settling', 'settling', 'queue']);
    const fine = scannedFile('a', { mtimeMs, ctimeMs: mtimeMs + 0.001 });
    expect(judgeFile(null, fine, mtimeMs + 600, 500, null).kind).toBe('queue');
  });

  it('P2: never puts a file off for longer than its time at once, and never for ever', () => {
    const times = fc.integer({ min: NOON - 10_000, max: NOON + 10_000_000 });
    fc.assert(
      fc.property(times, times, fc.integer({ min: 0, max: 60_000 }), (mtimeMs, ctimeMs, stabilityMs) => {
        const found = scannedFile('a', { mtimeMs, ctimeMs });
        const first = judgeFile(null, found, NOON, stabilityMs, null);
        if (first.kind !== 'settling') return;
        expect(first.lookAgainAt).toBeGreaterThan(NOON);
        expect(first.lookAgainAt).toBeLessThanOrEqual(NOON + Math.max(2000, stabilityMs));
        // It stands still from here on: a look after the tolerance and its time takes it.
        const later = NOON + 2000 + stabilityMs;
        expect(judgeFile(null, found, later, stabilityMs, NOON).kind).toBe('queue');
      }),
    );
  });
});
