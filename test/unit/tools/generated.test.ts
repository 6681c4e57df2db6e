import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import BetterSqlite from 'better-sqlite3';
import { describe, expect, it } from 'vitest';
import { ERROR_TABLE } from '../../../src/core/error-table.ts';
import { openInMemory } from '../../../src/db/connection.ts';
import { generatedFiles } from '../../../tools/generate/generated-files.ts';
import { repositoryRoot } from '../../../tools/setup/paths.ts';

const files = await generatedFiles();
const textOf = (path: string) => files.find((file) => file.path === path)?.text ?? '';

describe('generated files', () => {
  it.each(files)('$path is up to date: else run "npm run generate"', ({ path, text }) => {
    expect(readFileSync(join(repositoryRoot, path), 'utf8')).toBe(text);
  });

  it('schema.sql makes the very schema that the migrations make', () => {
    const objects = (db: BetterSqlite.Database) =>
      db.prepare('SELECT type, name, tbl_name, sql FROM sqlite_schema ORDER BY type, name').all();
    const db = new BetterSqlite(':memory:');
    db.exec(textOf('src/db/schema.sql'));
    expect(objects(db)).toEqual(objects(openInMemory()));
  });

  it('errors.md names every code once, with both languages', () => {
    const text = textOf('docs/errors.md');
    for (const [code, entry] of Object.entries(ERROR_TABLE)) {
      expect(text.split(`### \`${code}\`\n`), code).toHaveLength(2);
      const section = text.split(`### \`${code}\`\n`)[1]?.split('\n### ')[0] ?? '';
      expect(section.replaceAll('\\', ''), code).toContain(entry.en.message);
      expect(section.replaceAll('\\', ''), code).toContain(entry.zh.message);
    }
  });
});
