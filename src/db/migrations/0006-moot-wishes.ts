import type { Migration } from '../migration.ts';

/**
 * A wish that its folder has outlived is still to be ended with care: a run that died may have left something of it in the
 * archive. Why it is moot, in words; NULL: it is not.
 */
export const mootWishes: Migration = {
  version: 6,
  name: 'moot-wishes',
  sql: 'ALTER TABLE after_uploads ADD COLUMN moot TEXT;',
};
