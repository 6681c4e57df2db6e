import type { Migration } from '../migration.ts';

/** Mirror mode, moves and downloads; what lets a scan skip what it has seen; cleanups of objects beside those of uploads. */
export const wholeEngine: Migration = {
  version: 2,
  name: 'whole-engine',
  sql: `
-- A tombstone: the scan of a healthy root found the file gone at that time. identity is what its last fingerprint and a
-- new name of the same file have in common; only tombstones that may become a move have one. delete_remote: it was written
-- in mirror mode, and once the grace is over the object is to follow.
ALTER TABLE files ADD COLUMN gone_at INTEGER CHECK (gone_at IS NULL OR fingerprint IS NULL);
ALTER TABLE files ADD COLUMN identity TEXT CHECK (identity IS NULL OR gone_at IS NOT NULL);
ALTER TABLE files ADD COLUMN delete_remote INTEGER NOT NULL DEFAULT 0
  CHECK (delete_remote = 0 OR (delete_remote = 1 AND gone_at IS NOT NULL));
CREATE INDEX files_tombstones ON files (folder, identity) WHERE identity IS NOT NULL;
CREATE INDEX files_gone ON files (folder, gone_at) WHERE gone_at IS NOT NULL;
CREATE INDEX files_to_delete ON files (folder, (base IS NOT NULL), gone_at) WHERE delete_remote = 1;

-- marker: what stands in the root's marker file; null: no healthy scan in mirror mode yet. guard: the mass delete that
-- waits for a person. place: where in the storage the inventory says the files are.
ALTER TABLE folders ADD COLUMN marker TEXT;
ALTER TABLE folders ADD COLUMN guard TEXT CHECK (guard IS NULL OR json_valid(guard));
ALTER TABLE folders ADD COLUMN place TEXT;

-- A row means: a directory that scans to this digest holds nothing that the inventory does not know and nothing to do.
-- Whatever changes the inventory of the directory takes it away.
CREATE TABLE directories (
  folder TEXT NOT NULL,
  dir TEXT NOT NULL,
  digest BLOB NOT NULL,
  files INTEGER NOT NULL CHECK (files >= 0),
  PRIMARY KEY (folder, dir)
) STRICT, WITHOUT ROWID;
CREATE TRIGGER files_stale_insert AFTER INSERT ON files BEGIN
  DELETE FROM directories WHERE folder = NEW.folder AND dir = NEW.dir;
END;
CREATE TRIGGER files_stale_update AFTER UPDATE OF fingerprint, key ON files
WHEN NEW.fingerprint IS NOT OLD.fingerprint OR NEW.key <> OLD.key BEGIN
  DELETE FROM directories WHERE folder = NEW.folder AND dir = NEW.dir;
END;
CREATE TRIGGER files_stale_delete AFTER DELETE ON files BEGIN
  DELETE FROM directories WHERE folder = OLD.folder AND dir = OLD.dir;
END;

-- P13: what the folder's after-upload action is still to do with a file, recorded with the success of its upload.
CREATE TABLE after_uploads (
  operation TEXT PRIMARY KEY REFERENCES operations(id) ON DELETE CASCADE,
  action TEXT NOT NULL CHECK (action IN ('trash','archive')),
  archive_path TEXT CHECK ((action = 'archive') = (archive_path IS NOT NULL)),
  folder TEXT NOT NULL,
  path TEXT NOT NULL,
  fingerprint TEXT NOT NULL,
  attempts INTEGER NOT NULL DEFAULT 0,
  due_at INTEGER NOT NULL,
  last_error TEXT
) STRICT, WITHOUT ROWID;
CREATE INDEX after_uploads_due ON after_uploads (folder, due_at);

-- P7: an object that must not stay (a probe's, a half-made move's) is removed only while it is still the version named.
DROP TRIGGER operations_abandon_upload;
CREATE TABLE cleanups_2 (
  id INTEGER PRIMARY KEY,
  kind TEXT NOT NULL CHECK (kind IN ('abort-upload','delete-object')),
  destination TEXT NOT NULL,
  key TEXT NOT NULL,
  upload_id TEXT,
  etag TEXT,
  intent_at INTEGER NOT NULL,
  ended_at INTEGER NOT NULL,
  attempts INTEGER NOT NULL DEFAULT 0,
  due_at INTEGER NOT NULL,
  last_error TEXT,
  CHECK (kind <> 'delete-object' OR etag IS NOT NULL)
) STRICT;
INSERT INTO cleanups_2 (id, kind, destination, key, upload_id, intent_at, ended_at, attempts, due_at, last_error)
SELECT id, kind, destination, key, upload_id, intent_at, ended_at, attempts, due_at, last_error FROM cleanups;
DROP TABLE cleanups;
ALTER TABLE cleanups_2 RENAME TO cleanups;
CREATE INDEX cleanups_due ON cleanups (destination, due_at);
CREATE TRIGGER operations_abandon_upload AFTER UPDATE OF state ON operations
WHEN (NEW.state = 'succeeded' OR NEW.state = 'cancelled' OR NEW.state = 'superseded' OR NEW.state = 'conflict')
  AND EXISTS (SELECT 1 FROM uploads WHERE operation = NEW.id) BEGIN
  INSERT INTO cleanups (kind, destination, key, upload_id, intent_at, ended_at, due_at)
  SELECT 'abort-upload', destination, key, upload_id, intent_at, NEW.updated_at, NEW.updated_at FROM uploads WHERE operation = NEW.id;
  DELETE FROM uploads WHERE operation = NEW.id;
END;

-- As before, in words that cost less: SQLite makes a table in memory for an IN of more than two values, at every change.
DROP TRIGGER operations_hold_keys;
CREATE TRIGGER operations_hold_keys AFTER UPDATE OF state ON operations WHEN NEW.state <> OLD.state BEGIN
  UPDATE operation_keys SET
    held = NOT (NEW.state = 'failed' OR NEW.state = 'succeeded' OR NEW.state = 'cancelled' OR NEW.state = 'superseded'),
    active = NEW.state = 'running' OR NEW.state = 'compensating'
  WHERE operation_seq = NEW.seq;
END;
`,
};
