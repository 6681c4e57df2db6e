/** Bytes that mean something in a gitignore pattern. */
const SPECIAL = /[\\*?[\]!# ]/g;

/**
 * Rewrites one line of a nested ignore file into the pattern that means the same seen from the root, as gitignore(5)
 * defines: a pattern with a separator at its beginning or in its middle is relative to the file's directory, any other
 * matches at every depth below it. Null for blank lines and comments.
 */
export function anchorPattern(line: string, dir: string): string | null {
  if (line.trim() === '' || line.startsWith('#')) return null;
  if (dir === '') return line;
  const negative = line.startsWith('!');
  const body = negative ? line.slice(1) : line;
  if (body.trim() === '') return null;
  const base = `${negative ? '!' : ''}/${dir.replace(SPECIAL, String.raw`\$&`)}`;
  if (body.startsWith('/')) return `${base}${body}`;
  const separator = body.trimEnd().replace(/\/$/, '').includes('/');
  return separator ? `${base}/${body}` : `${base}/**/${body}`;
}
