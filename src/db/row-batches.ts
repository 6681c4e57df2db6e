import type { Statement } from 'better-sqlite3';

/** Rows that one statement may take. Few sizes, so that few statements are kept; the least is one. */
const SIZES = [64, 16, 4, 1] as const;

/** Cuts the rows into batches for which statements exist, in order. */
export function* rowBatches<T>(rows: readonly T[]): Generator<readonly T[], void, void> {
  let at = 0;
  for (const size of SIZES) {
    for (; rows.length - at >= size; at += size) yield rows.slice(at, at + size);
  }
}

/** `(?, ?), (?, ?)`: the values of so many rows. */
export function placeholders(rows: number, columns: number): string {
  const row = `(${Array.from({ length: columns }, () => '?').join(', ')})`;
  return Array.from({ length: rows }, () => row).join(', ');
}

/** Statements of one form for different numbers of rows, each prepared when it is first needed. */
export class SizedStatements<Row = unknown> {
  readonly #prepare: (rows: number) => Statement<unknown[], Row>;
  readonly #known = new Map<number, Statement<unknown[], Row>>();

  constructor(prepare: (rows: number) => Statement<unknown[], Row>) {
    this.#prepare = prepare;
  }

  for(rows: number): Statement<unknown[], Row> {
    const known = this.#known.get(rows);
    if (known !== undefined) return known;
    const statement = this.#prepare(rows);
    this.#known.set(rows, statement);
    return statement;
  }
}
