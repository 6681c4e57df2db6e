import { describe, expect, it } from 'vitest';
import { toBeTakenUp } from '../../../src/core/fingerprint.ts';
import { STATES } from '../../../src/core/states.ts';
import { MAX_DEATHS, recover } from '../../../src/engine/recover.ts';
import {
  bringTo,
  eventTypes,
  fingerprint,
  lease,
  makeOutbox,
  must,
  partOf,
  queueUpload,
  reread,
  uploadOf,
} from '../../support/outbox.ts';

describe('recovery after a death of the engine', () => {
  it('P6: puts back what ran, with its checkpoints', () => {
    const outbox = makeOutbox();
    const running = bringTo(outbox, queueUpload(outbox, 'a'), 'running', { bytesDone: 40, attempts: 2 });
    outbox.repos.uploads.insert(uploadOf(running));
    outbox.repos.uploads.addPart(running.id, partOf(1));
    expect(recover(outbox.repos)).toEqual({ released: 1, poisoned: 0 });
    expect(reread(outbox, running)).toMatchObject({
      state: 'pending',
      bytesDone: 40,
      attempts: 2,
      deaths: 1,
      leaseEpoch: null,
    });
    expect(outbox.repos.uploads.parts(running.id)).toHaveLength(1);
    expect(eventTypes(outbox, running).at(-1)).toBe('recovered');
  });

  it('P2: what a download was to replace is taken up again when it was cancelled, and the engine died before it ended', () => {
    const outbox = makeOutbox();
    const unsent = bringTo(outbox, queueUpload(outbox, 'a'), 'superseded');
    outbox.repos.files.put({
      folder: 'drop',
      dir: '',
      name: 'a',
      key: 'drop/a',
      fingerprint: fingerprint(7),
      sizeBytes: 100,
      mtimeMs: 0,
      base: null,
      checksum: null,
      operation: unsent.id,
    });
    const download = queueUpload(outbox, 'a', { kind: 'file.download' });
    bringTo(outbox, download, 'running', { ending: 'cancelled' });
    recover(outbox.repos);
    expect(reread(outbox, download).state).toBe('cancelled');
    expect(outbox.repos.files.get('drop', '', 'a')?.fingerprint).toBe(toBeTakenUp(fingerprint(7)));
  });

  it('sets aside what ran at three deaths in a row, and the rest goes on', () => {
    const outbox = makeOutbox();
    expect(MAX_DEATHS).toBe(3);
    const poison = queueUpload(outbox, 'poison');
    for (const released of [1, 1, 0]) {
      lease(outbox, reread(outbox, poison));
      expect(recover(outbox.repos).released).toBe(released);
    }
    expect(reread(outbox, poison)).toMatchObject({
      state: 'failed',
      deaths: 0,
      error: { code: 'internal.crash-loop', class: 'internal' },
    });
    const other = lease(outbox, queueUpload(outbox, 'b'));
    expect(recover(outbox.repos)).toEqual({ released: 1, poisoned: 0 });
    expect(reread(outbox, other).state).toBe('pending');
  });

  it('counts deaths in a row only: one that came to rest begins anew', () => {
    const outbox = makeOutbox();
    const operation = queueUpload(outbox, 'a');
    for (let death = 0; death < 2; death += 1) {
      lease(outbox, reread(outbox, operation));
      recover(outbox.repos);
    }
    must(outbox.repos.operations.transition(lease(outbox, reread(outbox, operation)), 'release', { deaths: 0 }));
    lease(outbox, reread(outbox, operation));
    expect(recover(outbox.repos)).toEqual({ released: 1, poisoned: 0 });
  });

  it.each(['cancelled', 'superseded'] as const)('P7: ends what was told to end as %s, and cleans up', (ending) => {
    const outbox = makeOutbox();
    const running = bringTo(outbox, queueUpload(outbox, 'a'), 'running', { ending });
    outbox.repos.uploads.insert(uploadOf(running));
    recover(outbox.repos);
    expect(reread(outbox, running)).toMatchObject({ state: ending, ending: null });
    expect(outbox.repos.cleanups.count()).toBe(1);
  });

  it.each(STATES.filter((state) => state !== 'running'))('leaves what is %s alone', (state) => {
    const outbox = makeOutbox();
    const operation = bringTo(outbox, queueUpload(outbox, 'a'), state);
    recover(outbox.repos);
    expect(reread(outbox, operation)).toEqual(operation);
  });
});
