import { readdirSync } from 'node:fs';

/** True when a tree holds more than `limit` entries. Stops counting there, and passes over what can't be read. */
export function hasMoreEntriesThan(root: string, limit: number): boolean {
  const waiting = [root];
  let count = 0;
  for (let dir = waiting.pop(); dir !== undefined; dir = waiting.pop()) {
    try {
      for (const entry of readdirSync(dir, { withFileTypes: true })) {
        count += 1;
        if (entry.isDirectory()) waiting.push(`${dir}/${entry.name}`);
      }
    } catch {
      continue;
    }
    if (count > limit) return true;
  }
  return count > limit;
}
