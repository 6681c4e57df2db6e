import BetterSqlite from 'better-sqlite3';
import { migrate, schemaVersion } from '../../src/db/migrate.ts';

/** The schema that the migrations make, as SQLite itself tells it: src/db/schema.sql, for people and for review. */
export function schemaSql(): string {
  const db = new BetterSqlite(':memory:');
  migrate(db);
  const statements = db
    .prepare<[], { sql: string }>(
      "SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite!_%' ESCAPE '!' ORDER BY tbl_name, type = 'trigger', type = 'index', name",
    )
    .all()
    .map(({ sql }) => `${sql};\n`);
  const head = `-- Generated from src/db/migrations by "npm run generate". Version ${schemaVersion(db)}.\n`;
  db.close();
  return [head, ...statements].join('\n');
}
