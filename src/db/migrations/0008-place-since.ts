import type { Migration } from '../migration.ts';

/**
 * A decision or a delete can be taken back only in the place in the storage where it took effect, and a folder's files may go
 * to another one by now. 0: no change of the place is known of.
 */
export const placeSince: Migration = {
  version: 8,
  name: 'place-since',
  sql: `
-- Operations up to this number were made for another place.
ALTER TABLE folders ADD COLUMN place_since INTEGER NOT NULL DEFAULT 0;
`,
};
