import { describe, expect, it } from 'vitest';
import type { RemoteObject } from '../../../src/core/ports.ts';
import { judgeRemote, type Author } from '../../../src/sync/upload/judge-remote.ts';
import type { Comparison } from '../../../src/sync/upload/same-content.ts';

const BASES = { none: null, same: { etag: 'e1', versionId: null }, other: { etag: 'e0', versionId: null } } as const;
const REMOTE: RemoteObject = {
  etag: 'e1',
  versionId: null,
  sizeBytes: 1,
  lastModified: null,
  metadata: {},
  checksums: [],
  compositeChecksums: [],
  etagIsMd5: true,
};
const AUTHORS = ['this-operation', 'earlier-operation', 'someone-else'] as const satisfies readonly Author[];
const CONTENTS = ['same', 'different', 'unknown'] as const satisfies readonly Comparison[];

/** Our own write decides by content alone. */
const OWN: Readonly<Record<Comparison, string>> = {
  same: 'already-written',
  unknown: 'already-written',
  different: 'rebase',
};

/** By base, then author, then content: what is to be done about the object at the key. */
const EXPECTED: Readonly<Record<keyof typeof BASES, Readonly<Record<Author, Readonly<Record<Comparison, string>>>>>> = {
  none: {
    'this-operation': OWN,
    'earlier-operation': { same: 'identical', different: 'rebase', unknown: 'rebase' },
    'someone-else': { same: 'identical', different: 'conflict.exists', unknown: 'conflict.exists' },
  },
  same: {
    'this-operation': OWN,
    'earlier-operation': { same: 'go', different: 'go', unknown: 'go' },
    'someone-else': { same: 'go', different: 'go', unknown: 'go' },
  },
  other: {
    'this-operation': OWN,
    'earlier-operation': { same: 'identical', different: 'rebase', unknown: 'rebase' },
    'someone-else': { same: 'identical', different: 'conflict.changed', unknown: 'conflict.changed' },
  },
};

const table = (['none', 'same', 'other'] as const).flatMap((base) =>
  AUTHORS.flatMap((author) =>
    CONTENTS.map((content) => ({ base, author, content, result: EXPECTED[base][author][content] })),
  ),
);

describe('P4: what is found at the key', () => {
  it.each(table)('base $base, by $author, content $content → $result', ({ base, author, content, result }) => {
    const judgement = judgeRemote(BASES[base], REMOTE, author, content);
    expect(judgement.kind === 'conflict' ? judgement.code : judgement.kind).toBe(result);
  });

  it.each(AUTHORS)('nothing there: a new file goes, one that was deleted there is a conflict (%s)', (author) => {
    for (const content of CONTENTS) {
      expect(judgeRemote(null, null, author, content)).toEqual({ kind: 'go' });
      expect(judgeRemote(BASES.same, null, author, content)).toEqual({ kind: 'conflict', code: 'conflict.deleted' });
    }
  });

  it('never lets anything of someone else be replaced but the base, or the same bytes', () => {
    for (const { base, author, content } of table.filter(({ author }) => author === 'someone-else')) {
      const { kind } = judgeRemote(BASES[base], REMOTE, author, content);
      if (kind === 'go') expect(base).toBe('same');
      expect(['rebase', 'already-written']).not.toContain(kind);
    }
  });
});
