import type { Migration } from '../migration.ts';

/**
 * An upload can be aborted only where it is open, and a destination's name does not say where: the configuration may give
 * the name to another bucket. NULL: written before, taken to be where the name leads.
 */
export const placeOfUploads: Migration = {
  version: 5,
  name: 'place-of-uploads',
  sql: `
ALTER TABLE uploads ADD COLUMN place TEXT;
ALTER TABLE cleanups ADD COLUMN place TEXT;

DROP TRIGGER operations_abandon_upload;
CREATE TRIGGER operations_abandon_upload AFTER UPDATE OF state ON operations
WHEN (NEW.state = 'succeeded' OR NEW.state = 'cancelled' OR NEW.state = 'superseded' OR NEW.state = 'conflict')
  AND EXISTS (SELECT 1 FROM uploads WHERE operation = NEW.id) BEGIN
  INSERT INTO cleanups (kind, destination, place, key, upload_id, intent_at, ended_at, due_at)
  SELECT 'abort-upload', destination, place, key, upload_id, intent_at, NEW.updated_at, NEW.updated_at FROM uploads WHERE operation = NEW.id;
  DELETE FROM uploads WHERE operation = NEW.id;
END;
`,
};
