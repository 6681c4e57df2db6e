import { describe, expect, it } from 'vitest';
import type { OperationKind } from '../../../src/core/operation.ts';
import { kindOfWork } from '../../../src/engine/kind-of-work.ts';
import { deletesLane, folderLane, originLane, providerLane } from '../../../src/sync/specs.ts';

const running = (...kinds: OperationKind[]): ReadonlySet<OperationKind> => new Set(kinds);
const open = (lane: string, operations = 1) => ({ lane, operations });

describe('the word for what is done', () => {
  it('is the kind of what runs, whatever waits', () => {
    expect(kindOfWork(running('file.move'), [open(deletesLane('a'))])).toBe('file.move');
    expect(kindOfWork(running('file.upload', 'file.delete'), [])).toBe('mixed');
  });

  it('is that of what waits while nothing runs', () => {
    expect(kindOfWork(running(), [open(folderLane('a')), open(folderLane('b'))])).toBe('file.upload');
    expect(kindOfWork(running(), [open(deletesLane('a'))])).toBe('file.delete');
    expect(kindOfWork(running(), [open(providerLane('crm')), open(originLane('https://x.example/a'))])).toBe(
      'api.call',
    );
    expect(kindOfWork(running(), [open(folderLane('a')), open(deletesLane('a'))])).toBe('mixed');
  });

  it('is nothing when nothing is to be done; counters that fell to zero do not count', () => {
    expect(kindOfWork(running(), [])).toBeNull();
    expect(kindOfWork(running(), [open(deletesLane('a'), 0), open(folderLane('a'))])).toBe('file.upload');
  });
});
