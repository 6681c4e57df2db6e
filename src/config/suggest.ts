/** At most this many single-character edits away counts as a slip of the finger; shorter words allow fewer. */
const MAX_EDITS = 2;

/** The candidate that was most likely meant, or null. Case, `_` and `-` don't matter; a cut-off word counts as near. */
export function suggest(given: string, candidates: readonly string[]): string | null {
  const word = fold(given);
  if (word === '' || word.length > 64) return null;
  let best: string | null = null;
  let bestDistance = Number.POSITIVE_INFINITY;
  for (const candidate of candidates) {
    const target = fold(candidate);
    const allowed = Math.min(MAX_EDITS, Math.floor(Math.max(word.length, target.length) / 3));
    let distance = editDistance(word, target);
    if (distance > allowed) {
      const cutOff = word.length >= 4 && target.length >= 4 && (target.startsWith(word) || word.startsWith(target));
      if (!cutOff) continue;
      distance = MAX_EDITS + 1;
    }
    if (distance < bestDistance) {
      best = candidate;
      bestDistance = distance;
    }
  }
  return best;
}

function fold(word: string): string {
  return word.toLowerCase().replaceAll(/[_\-\s]/g, '');
}

/** Optimal string alignment distance: insertions, deletions, substitutions, swaps of neighbours. */
function editDistance(a: string, b: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const substitution = (last[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      let distance = Math.min(substitution, (last[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) {
        distance = Math.min(distance, (beforeLast[j - 2] ?? 0) + 1);
      }
      row.push(distance);
    }
    beforeLast = last;
    last = row;
  }
  return last[b.length] ?? 0;
}
