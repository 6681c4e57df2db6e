/**
 * What is wrong with a configuration, as a value: configuration trouble is never an exception. No field ever carries
 * the value of a secret (P12): the makers of messages show values only where no secret can stand.
 */
export interface ConfigProblem {
  /** The file as the caller named it. */
  readonly file: string;
  /** 1-based; 1 when the problem is the file itself. */
  readonly line: number;
  /** 1-based, in UTF-16 code units. */
  readonly column: number;
  /** Where, as `folders[0].path`; empty for the whole file. */
  readonly key: string;
  /** What is wrong, one plain sentence. */
  readonly message: string;
  /** What would be right; empty when the message says it all. */
  readonly hint: string;
}

/** The order in which a person would fix them: as they stand in the file. */
export function sortProblems<T extends ConfigProblem>(problems: readonly T[]): readonly T[] {
  return problems.toSorted((a, b) => a.line - b.line || a.column - b.column || compareText(a.key, b.key));
}

/** The same problem can be found on two ways (a key with two faults, an alias used twice); people need it once. */
export function dedupeProblems<T extends ConfigProblem>(problems: readonly T[]): readonly T[] {
  const seen = new Set<string>();
  return problems.filter((problem) => {
    const identity = JSON.stringify([problem.line, problem.column, problem.key, problem.message]);
    if (seen.has(identity)) return false;
    seen.add(identity);
    return true;
  });
}

/** Plain text for a terminal or a log: one block a problem, ending without a newline; empty for no problems. */
export function formatProblems(problems: readonly ConfigProblem[]): string {
  return problems
    .map((problem) => {
      const where = `${problem.file}:${problem.line}:${problem.column}`;
      const head = problem.key === '' ? where : `${where}  ${problem.key}`;
      const lines = [head, `  ${problem.message}`];
      if (problem.hint !== '') lines.push(`  ${problem.hint}`);
      return lines.join('\n');
    })
    .join('\n');
}

function compareText(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
