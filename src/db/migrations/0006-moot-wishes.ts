import type { Migration } from '../migration.ts';

/**
 * A wish that its folder has outlived is still to be ended with care: a run that died may have left something of it in the
 * archive. Why it is moot, in words; NULL: it is not.
 *
 * Intents of probes tell their storage now. NULL: written before, taken to be where the destination leads.
 */
export const mootWishes: Migration = {
  version: 6,
  name: 'moot-wishes',
  sql: `
ALTER TABLE after_uploads ADD COLUMN moot TEXT;

INSERT INTO settings (name, value)
  SELECT 'capabilities-probes:' || substr(name, length('capabilities-probe:') + 1),
    json_array(json_object('storage', NULL, 'key', value ->> '$.key', 'at', value ->> '$.at'))
  FROM settings WHERE name LIKE 'capabilities-probe:%' AND value <> 'null';
DELETE FROM settings WHERE name LIKE 'capabilities-probe:%';
`,
};
