import { describe, expect, it } from 'vitest';
import { fingerprint, makeOutbox, queueUpload } from '../../support/outbox.ts';

function makeBench() {
  const outbox = makeOutbox();
  const { files, folders, tombstones } = outbox.repos;
  folders.ensure('drop', '/home/me/Drop');
  const put = (path: string, etag: string | null = 'e', operation: string | null = null) => {
    const slash = path.lastIndexOf('/');
    const [dir, name] = slash < 0 ? ['', path] : [path.slice(0, slash), path.slice(slash + 1)];
    const base = etag === null ? null : { etag, versionId: null };
    const file = {
      folder: 'drop',
      dir,
      name,
      key: `drop/${path}`,
      fingerprint: fingerprint(1),
      sizeBytes: 1,
      mtimeMs: 1,
    };
    files.put({ ...file, base, checksum: null, operation });
    return { dir, name };
  };
  const bury = (path: string, goneAt: number, deleteRemote = true, etag: string | null = 'e') => {
    const { dir, name } = put(path, etag);
    tombstones.bury('drop', dir, name, { goneAt, identity: 'same', deleteRemote });
  };
  return { outbox, files, folders, tombstones, put, bury };
}

describe('tombstones', () => {
  it('are found by time, oldest first and page by page, apart from those without an object', () => {
    const { tombstones, bury } = makeBench();
    for (const [path, at] of [
      ['c', 3],
      ['x/a', 1],
      ['b', 2],
      ['late', 9],
    ] as const)
      bury(path, at);
    bury('never-sent', 1, true, null);
    bury('kept', 1, false);
    const first = tombstones.due('drop', true, 5, null, 2);
    expect(first.map(({ name }) => name)).toEqual(['a', 'b']);
    expect(tombstones.due('drop', true, 5, first.at(-1) ?? null, 2).map(({ name }) => name)).toEqual(['c']);
    expect(tombstones.due('drop', false, 5, null, 9).map(({ name }) => name)).toEqual(['never-sent']);
    expect(tombstones.firstGoneAt('drop')).toBe(1);
    expect(tombstones.dueDirectories('drop', 2, 9).toSorted()).toEqual(['', 'x']);
    expect([tombstones.count('drop'), tombstones.count('drop', 2)]).toEqual([4, 2]);
    expect(tombstones.sample('drop', 2)).toEqual(['x/a', 'b']);
  });

  it('end when the file is written again, by whatever hand', () => {
    const { tombstones, put, bury } = makeBench();
    bury('a', 1);
    put('a');
    expect(tombstones.get('drop', '', 'a')).toBeNull();
    expect(tombstones.firstGoneAt('drop')).toBeNull();
    expect(tombstones.byIdentity('drop', 'same')).toEqual([]);
  });

  it('count as files that are not there', () => {
    const { folders, put, bury } = makeBench();
    put('a');
    bury('b', 1);
    expect(folders.get('drop')?.files).toBe(1);
  });

  it('that are kept neither follow nor move', () => {
    const { tombstones, bury } = makeBench();
    for (const path of ['a', 'b', 'c']) bury(path, 1);
    expect([tombstones.keep('drop', 2), tombstones.keep('drop', 2), tombstones.keep('drop', 2)]).toEqual([2, 1, 0]);
    expect(tombstones.firstGoneAt('drop')).toBeNull();
    expect(tombstones.byIdentity('drop', 'same')).toEqual([]);
    expect(tombstones.get('drop', '', 'a')?.base).not.toBeNull();
  });

  it('expire when old, but never what is to follow or has work under way', () => {
    const { outbox, tombstones, put, bury } = makeBench();
    bury('old', 1, false);
    bury('young', 9, false);
    bury('to-follow', 1);
    const { id } = queueUpload(outbox, 'busy');
    put('busy', 'e', id);
    tombstones.bury('drop', '', 'busy', { goneAt: 1, identity: null, deleteRemote: false });
    expect(tombstones.expire('drop', 5, 100)).toBe(1);
    expect(['old', 'young', 'to-follow', 'busy'].map((name) => tombstones.get('drop', '', name) !== null)).toEqual([
      false,
      true,
      true,
      true,
    ]);
  });

  it('are read from partial indexes alone', () => {
    const { outbox, bury } = makeBench();
    bury('a', 1);
    const plan = (sql: string) =>
      outbox.db
        .prepare<[], { detail: string }>(`EXPLAIN QUERY PLAN ${sql}`)
        .all()
        .map(({ detail }) => detail)
        .join('; ');
    const due = `SELECT name FROM files INDEXED BY files_to_delete WHERE folder = 'drop' AND (base IS NOT NULL) = 1
      AND delete_remote = 1 AND gone_at <= 5 AND (gone_at, dir, name) > (0, '', '') ORDER BY gone_at, dir, name LIMIT 9`;
    expect(plan(due)).toMatch(/^SEARCH files USING (COVERING )?INDEX files_to_delete/);
    expect(plan(due)).not.toMatch(/TEMP B-TREE/);
  });
});

describe('the directories of the inventory', () => {
  it('are named below one by index steps, also where names sort between a directory and what it holds', () => {
    const { files, put } = makeBench();
    for (const path of ['root', 'a/1', 'a b/2', 'a/c/3', 'a0/x', 'z/y/4', 'é/ü/5']) put(path);
    const names = (dir: string) => [...new Set(files.childDirectories('drop', dir))];
    expect(names('').toSorted()).toEqual(['a', 'a b', 'a0', 'z', 'é'].toSorted());
    expect([names('a'), names('z'), names('a b'), names('none')]).toEqual([['c'], ['y'], [], []]);
  });

  it('are read in pages in the order of the database', () => {
    const { files, put } = makeBench();
    for (const path of ['b', 'a', 'ｆ', '\u{1f600}', 'é']) put(path);
    const first = files.page('drop', '', null, 3).map(({ name }) => name);
    const rest = files.page('drop', '', first.at(-1) ?? null, 3).map(({ name }) => name);
    expect([...first, ...rest]).toEqual(['a', 'b', 'é', 'ｆ', '\u{1f600}']);
  });
});
