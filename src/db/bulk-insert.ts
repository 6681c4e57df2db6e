import type { ReadableDb } from './connection.ts';
import { placeholders, rowBatches, SizedStatements } from './row-batches.ts';

/** Inserts rows in their order with few statements: what a statement costs by itself is paid once for many rows. */
export class BulkInsert {
  readonly #statements: SizedStatements;

  /** `onConflict`: the clause that follows the values. */
  constructor(db: ReadableDb, table: string, columns: readonly string[], onConflict = '') {
    this.#statements = new SizedStatements((rows) =>
      db.prepare<unknown[]>(
        `INSERT INTO ${table} (${columns.join(', ')}) VALUES ${placeholders(rows, columns.length)} ${onConflict}`,
      ),
    );
  }

  /** Each row has a value for every column, in the order of the columns. */
  run(rows: readonly (readonly unknown[])[]): void {
    for (const batch of rowBatches(rows)) this.#statements.for(batch.length).run(...batch.flat());
  }
}
