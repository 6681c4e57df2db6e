import { describe, expect, it } from 'vitest';
import type { StoredVersion } from '../../../../src/db/stored-operation.ts';
import { resolveConflict, type Keep } from '../../../../src/sync/resolve-conflict.ts';
import { undoDecision } from '../../../../src/sync/conflicts/undo-decision.ts';
import type { ConflictRules } from '../../../../src/sync/conflicts/conflict-rules.ts';
import { conflictBench, MINE, THEIRS } from '../../../support/conflicts.ts';
import { fingerprint, lease, must } from '../../../support/outbox.ts';

/** A conflict that was decided, and its operation done. */
function decided(keep: Keep, rules: Partial<ConflictRules> = {}, remote: StoredVersion | null = THEIRS) {
  const bench = conflictBench(rules, { base: MINE, remote });
  const { repos } = bench.outbox;
  expect(resolveConflict(bench.deps, bench.operation.id, keep)).toBeNull();
  const finish = () => {
    const running = lease(bench.outbox, bench.now());
    repos.operations.transition(running, 'succeed');
    repos.files.setBase('drop', 'sub', 'a.txt', { etag: 'ours-now', versionId: 'v3' }, null);
  };
  const undo = () => undoDecision({ ...bench.deps, contentTypeOf: () => 'text/plain' }, bench.operation.id);
  const refusal = () => {
    const result = undo();
    return result.ok ? null : result.refused.reason;
  };
  const made = () => bench.others().at(-1);
  return { ...bench, finish, undo, refusal, made };
}

describe('undo of keep local', () => {
  it('copies their version back over what is there', () => {
    const { finish, undo, made, lastEvent } = decided('local');
    finish();
    const result = undo();
    expect(result).toMatchObject({ ok: true, operation: made()?.id });
    expect(made()).toMatchObject({
      kind: 'file.upload',
      state: 'pending',
      path: 'sub/a.txt',
      target: 'drop/sub/a.txt',
      resourceKey: 'main:drop/sub/a.txt',
      spec: { restores: { etag: 'theirs', versionId: 'v2' } },
    });
    expect(lastEvent()).toMatchObject({
      type: 'undone',
      source: 'external',
      details: { keep: 'local', operation: made()?.id },
    });
  });

  it('P4, P11: is refused once the folder goes to another place, before it was looked at and after', () => {
    const { finish, undo, outbox, operation, others } = decided('local');
    const elsewhere = { ok: false, refused: { id: operation.id, code: 'folder.another-place' } };
    finish();
    outbox.repos.folders.ensure('drop', '/drop');
    outbox.repos.folders.setPlace('drop', 'there', 0);
    expect(undo()).toMatchObject(elsewhere);
    outbox.repos.folders.setPlace('drop', 'here', operation.seq);
    expect(undo()).toMatchObject(elsewhere);
    expect(others()).toEqual([]);
    outbox.repos.folders.setPlace('drop', 'here', operation.seq - 1);
    expect(undo()).toMatchObject({ ok: true });
  });

  it('P11: is refused where the configuration has no such folder', () => {
    const { finish, undo, others } = decided('local', { place: null });
    finish();
    expect(undo()).toMatchObject({ ok: false, refused: { code: 'folder.not-configured' } });
    expect(others()).toEqual([]);
  });

  it('is not refused for its size: what is too large for one copy comes back in parts', () => {
    const { finish, refusal } = decided('local', {}, { ...THEIRS, sizeBytes: 6 * 1024 ** 3 });
    finish();
    expect(refusal()).toBeNull();
  });

  it.each([null, 'null'])('P11: is refused in words where the bucket kept no version (id %s)', (versionId) => {
    const { finish, refusal } = decided('local', {}, { ...THEIRS, versionId });
    finish();
    expect(refusal()).toMatch(/keeps no old versions/);
  });

  it('P11: is refused in words where it makes no sense', () => {
    const still = decided('local');
    expect(still.refusal()).toMatch(/still on its way \(pending\)/);
    const deleted = decided('local', {}, null);
    deleted.finish();
    expect(deleted.refusal()).toMatch(/they had deleted it/);
    const unsent = decided('local');
    unsent.outbox.repos.operations.transition(unsent.now(), 'cancel');
    expect(unsent.refusal()).toMatch(/still what is in the storage/);
  });

  it('can be done once, and again when it came to nothing', () => {
    const { finish, undo, refusal, made, outbox } = decided('local');
    finish();
    undo();
    const first = must(made());
    expect(refusal()).toMatch(/undone already/);
    outbox.repos.operations.transition(first, 'cancel');
    expect(undo()).toMatchObject({ ok: true });
    expect(made()?.id).not.toBe(first.id);
  });
});

describe('undo of keep remote', () => {
  it('sends ours after all, over exactly their version', () => {
    const { undo, made, file } = decided('remote');
    expect(undo()).toMatchObject({ ok: true });
    expect(made()).toMatchObject({
      kind: 'file.upload',
      state: 'pending',
      spec: { key: 'drop/sub/a.txt', fingerprint: fingerprint(1), sizeBytes: 100, beside: false },
    });
    expect(made()?.spec).not.toHaveProperty('restores');
    // The planner sees the row follow it; the base is what was kept.
    expect(file()).toMatchObject({ operation: made()?.id, base: { etag: 'theirs' } });
  });

  it('is refused when the file has changed since, or is gone', () => {
    const changed = decided('remote');
    changed.outbox.repos.files.put({ ...changed.file(), fingerprint: fingerprint(2) });
    expect(changed.refusal()).toMatch(/changed since/);
    const gone = decided('remote');
    gone.outbox.repos.files.put({ ...gone.file(), fingerprint: null });
    expect(gone.refusal()).toMatch(/not here any more/);
  });

  it('P13: in mirror mode it calls theirs off while it is not here yet', () => {
    const { undo, made, others, file } = decided('remote', { mode: 'mirror' });
    expect(undo()).toMatchObject({ ok: true });
    expect(others().map(({ kind, state }) => `${kind} ${state}`)).toEqual([
      'file.download cancelled',
      'file.upload pending',
    ]);
    expect(file()).toMatchObject({ operation: made()?.id, base: { etag: 'theirs' } });
  });

  it('P13: in mirror mode it says where ours is once theirs is here', () => {
    const { refusal, others, outbox } = decided('remote', { mode: 'mirror' });
    const download = must(others()[0]);
    const running = lease(outbox, download);
    expect(refusal()).toMatch(/right now/);
    outbox.repos.operations.transition(running, 'succeed');
    expect(refusal()).toMatch(/kept beside it/);
  });

  it('P13: what went to the trash is put back from there', () => {
    const { refusal, finish } = decided('remote', { mode: 'mirror' }, null);
    finish();
    expect(refusal()).toMatch(/in the trash/);
  });
});

describe('what can not be undone is refused in words', () => {
  it('keep both replaced nothing', () => {
    const { refusal, finish, others } = decided('both');
    finish();
    expect(refusal()).toMatch(/nothing was replaced: theirs is drop\/sub\/a\.txt, ours is drop\/sub\/a \(conflict/);
    expect(others()).toEqual([]);
  });

  it('no decision, no such item, a conflict again', () => {
    const open = conflictBench();
    const undo = (id: string) => {
      const result = undoDecision({ ...open.deps, contentTypeOf: () => 'x' }, id);
      return result.ok ? null : result.refused.reason;
    };
    expect(undo('nobody')).toMatch(/no such item/);
    expect(undo(open.operation.id)).toMatch(/no conflict of this item was decided/);
  });
});
