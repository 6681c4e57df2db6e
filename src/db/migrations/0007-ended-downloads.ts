import type { Migration } from '../migration.ts';

/**
 * Downloads that began and came to nothing, by their folder: each may have left a partial file where no scan comes any more
 * because a rule leaves the directory out.
 */
export const endedDownloads: Migration = {
  version: 7,
  name: 'ended-downloads',
  sql: `
CREATE INDEX operations_ended_downloads ON operations (folder, seq)
  WHERE kind = 'file.download' AND state IN ('cancelled', 'superseded') AND started_at IS NOT NULL;
`,
};
