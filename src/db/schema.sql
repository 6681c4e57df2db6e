-- Generated from src/db/migrations by "npm run generate". Version 8.

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
, moot TEXT) STRICT, WITHOUT ROWID;

CREATE INDEX after_uploads_due ON after_uploads (folder, due_at);

CREATE TABLE "cleanups" (
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
  last_error TEXT, place TEXT,
  CHECK (kind <> 'delete-object' OR etag IS NOT NULL)
) STRICT;

CREATE INDEX cleanups_due ON cleanups (destination, due_at);

CREATE TABLE counters (
  lane TEXT NOT NULL,
  state TEXT NOT NULL,
  operations INTEGER NOT NULL,
  bytes_total INTEGER NOT NULL,
  bytes_done INTEGER NOT NULL,
  PRIMARY KEY (lane, state)
) STRICT, WITHOUT ROWID;

CREATE TABLE directories (
  folder TEXT NOT NULL,
  dir TEXT NOT NULL,
  digest BLOB NOT NULL,
  files INTEGER NOT NULL CHECK (files >= 0),
  PRIMARY KEY (folder, dir)
) STRICT, WITHOUT ROWID;

CREATE TABLE engine_runs (
  epoch INTEGER PRIMARY KEY AUTOINCREMENT,
  pid INTEGER NOT NULL,
  started_at INTEGER NOT NULL,
  ended_at INTEGER
) STRICT;

CREATE TABLE events (
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  id TEXT NOT NULL,
  operation TEXT,
  resource_key TEXT,
  type TEXT NOT NULL,
  from_state TEXT,
  to_state TEXT,
  at INTEGER NOT NULL,
  source TEXT NOT NULL CHECK (source IN ('internal','external')),
  correlation_id TEXT,
  details TEXT NOT NULL CHECK (json_valid(details))
, operation_seq INTEGER) STRICT;

CREATE INDEX events_by_operation ON events (operation_seq);

CREATE TRIGGER events_immutable BEFORE UPDATE ON events BEGIN
  SELECT raise(ABORT, 'events are immutable');
END;

CREATE TABLE files (
  folder TEXT NOT NULL,
  dir TEXT NOT NULL,
  name TEXT NOT NULL,
  key TEXT NOT NULL,
  fingerprint TEXT,
  size_bytes INTEGER NOT NULL,
  mtime_ms INTEGER NOT NULL,
  base TEXT CHECK (base IS NULL OR json_valid(base)),
  checksum TEXT,
  operation TEXT, gone_at INTEGER CHECK (gone_at IS NULL OR fingerprint IS NULL), identity TEXT CHECK (identity IS NULL OR gone_at IS NOT NULL), delete_remote INTEGER NOT NULL DEFAULT 0
  CHECK (delete_remote = 0 OR (delete_remote = 1 AND gone_at IS NOT NULL)),
  PRIMARY KEY (folder, dir, name)
) STRICT, WITHOUT ROWID;

CREATE INDEX files_by_key ON files (folder, key);

CREATE INDEX files_gone ON files (folder, gone_at) WHERE gone_at IS NOT NULL;

CREATE INDEX files_to_delete ON files (folder, (base IS NOT NULL), gone_at) WHERE delete_remote = 1;

CREATE INDEX files_tombstones ON files (folder, identity) WHERE identity IS NOT NULL;

CREATE TRIGGER files_count_delete AFTER DELETE ON files WHEN OLD.fingerprint IS NOT NULL BEGIN
  UPDATE folders SET files = files - 1 WHERE name = OLD.folder;
END;

CREATE TRIGGER files_count_insert AFTER INSERT ON files WHEN NEW.fingerprint IS NOT NULL BEGIN
  UPDATE folders SET files = files + 1 WHERE name = NEW.folder;
END;

CREATE TRIGGER files_count_update AFTER UPDATE OF fingerprint ON files WHEN (NEW.fingerprint IS NULL) <> (OLD.fingerprint IS NULL) BEGIN
  UPDATE folders SET files = files + CASE WHEN NEW.fingerprint IS NULL THEN -1 ELSE 1 END WHERE name = NEW.folder;
END;

CREATE TRIGGER files_stale_delete AFTER DELETE ON files BEGIN
  DELETE FROM directories WHERE folder = OLD.folder AND dir = OLD.dir;
END;

CREATE TRIGGER files_stale_insert AFTER INSERT ON files BEGIN
  DELETE FROM directories WHERE folder = NEW.folder AND dir = NEW.dir;
END;

CREATE TRIGGER files_stale_update AFTER UPDATE OF fingerprint, key ON files
WHEN NEW.fingerprint IS NOT OLD.fingerprint OR NEW.key <> OLD.key BEGIN
  DELETE FROM directories WHERE folder = NEW.folder AND dir = NEW.dir;
END;

CREATE TABLE folders (
  name TEXT PRIMARY KEY,
  root TEXT NOT NULL,
  volume TEXT,
  last_scan_at INTEGER,
  files INTEGER NOT NULL DEFAULT 0,
  ignored INTEGER NOT NULL DEFAULT 0
, marker TEXT, guard TEXT CHECK (guard IS NULL OR json_valid(guard)), place TEXT, place_since INTEGER NOT NULL DEFAULT 0) STRICT, WITHOUT ROWID;

CREATE TABLE "operation_keys" (
  operation_seq INTEGER NOT NULL REFERENCES operations(seq) ON DELETE CASCADE,
  resource_key TEXT NOT NULL,
  held INTEGER NOT NULL CHECK (held = 0 OR held = 1),
  active INTEGER NOT NULL CHECK (active = 0 OR active = 1),
  PRIMARY KEY (operation_seq, resource_key)
) STRICT, WITHOUT ROWID;

CREATE INDEX operation_keys_by_resource ON operation_keys (resource_key, operation_seq);

CREATE UNIQUE INDEX operation_keys_one_runner ON operation_keys (resource_key) WHERE active = 1;

CREATE TABLE "operations" (
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  id TEXT NOT NULL UNIQUE,
  kind TEXT NOT NULL,
  state TEXT NOT NULL,
  priority INTEGER NOT NULL CHECK (priority BETWEEN 0 AND 3),
  lane TEXT NOT NULL,
  folder TEXT,
  path TEXT,
  destination TEXT,
  provider TEXT,
  parent TEXT REFERENCES operations(id),
  step TEXT,
  target TEXT NOT NULL,
  resource_key TEXT,
  spec TEXT NOT NULL CHECK (json_valid(spec)),
  sealed BLOB,
  content_type TEXT,
  bytes_total INTEGER CHECK (bytes_total >= 0),
  bytes_done INTEGER NOT NULL DEFAULT 0 CHECK (bytes_done >= 0),
  attempts INTEGER NOT NULL DEFAULT 0 CHECK (attempts >= 0),
  deaths INTEGER NOT NULL DEFAULT 0 CHECK (deaths >= 0),
  lease_epoch INTEGER,
  lease_attempt INTEGER NOT NULL DEFAULT 0,
  ending TEXT CHECK (ending IS NULL OR ending = 'cancelled' OR ending = 'superseded'),
  due_at INTEGER,
  held_until INTEGER NOT NULL DEFAULT 0,
  error TEXT CHECK (error IS NULL OR json_valid(error)),
  memo TEXT NOT NULL DEFAULT '{}' CHECK (json_valid(memo)),
  base TEXT CHECK (base IS NULL OR json_valid(base)),
  remote TEXT CHECK (remote IS NULL OR json_valid(remote)),
  verified INTEGER CHECK (verified IS NULL OR verified = 0 OR verified = 1),
  external_id TEXT,
  external_url TEXT,
  idempotency_scope TEXT,
  idempotency_key TEXT,
  request_digest TEXT,
  response TEXT CHECK (response IS NULL OR json_valid(response)),
  created_at INTEGER NOT NULL,
  started_at INTEGER,
  updated_at INTEGER NOT NULL,
  completed_at INTEGER,
  CONSTRAINT kind_is_known CHECK (CASE kind WHEN 'file.upload' THEN 1 WHEN 'file.delete' THEN 1 WHEN 'file.move' THEN 1
    WHEN 'file.download' THEN 1 WHEN 'api.call' THEN 1 WHEN 'flow.run' THEN 1 ELSE 0 END),
  -- What goes with each state: who runs it, when it goes on, why it stopped, when it ended.
  CONSTRAINT state_is_whole CHECK (CASE state
    WHEN 'pending' THEN lease_epoch IS NULL AND ending IS NULL AND completed_at IS NULL
    WHEN 'running' THEN lease_epoch IS NOT NULL AND completed_at IS NULL
    WHEN 'succeeded' THEN lease_epoch IS NULL AND ending IS NULL AND completed_at IS NOT NULL
    WHEN 'waiting' THEN lease_epoch IS NULL AND ending IS NULL AND completed_at IS NULL AND due_at IS NOT NULL
    WHEN 'conflict' THEN lease_epoch IS NULL AND ending IS NULL AND completed_at IS NULL AND error IS NOT NULL
    WHEN 'failed' THEN lease_epoch IS NULL AND ending IS NULL AND completed_at IS NULL AND error IS NOT NULL
    WHEN 'compensating' THEN completed_at IS NULL
    WHEN 'cancelled' THEN lease_epoch IS NULL AND ending IS NULL AND completed_at IS NOT NULL
    WHEN 'superseded' THEN lease_epoch IS NULL AND ending IS NULL AND completed_at IS NOT NULL
    ELSE 0 END)
) STRICT;

CREATE INDEX operations_by_parent ON operations (parent) WHERE parent IS NOT NULL;

CREATE INDEX operations_by_state ON operations (state, updated_at, seq);

CREATE INDEX operations_due ON operations (lane, due_at) WHERE state = 'waiting';

CREATE INDEX operations_ended_downloads ON operations (folder, seq)
  WHERE kind = 'file.download' AND state IN ('cancelled', 'superseded') AND started_at IS NOT NULL;

CREATE INDEX operations_held ON operations (held_until) WHERE held_until > 0;

CREATE UNIQUE INDEX operations_idempotency ON operations (idempotency_scope, idempotency_key) WHERE idempotency_key IS NOT NULL;

CREATE INDEX operations_in_order ON operations (state, seq);

CREATE INDEX operations_ready ON operations (lane, priority, seq) WHERE state = 'pending';

CREATE TRIGGER operations_abandon_upload AFTER UPDATE OF state ON operations
WHEN (NEW.state = 'succeeded' OR NEW.state = 'cancelled' OR NEW.state = 'superseded' OR NEW.state = 'conflict')
  AND EXISTS (SELECT 1 FROM uploads WHERE operation = NEW.id) BEGIN
  INSERT INTO cleanups (kind, destination, place, key, upload_id, intent_at, ended_at, due_at)
  SELECT 'abort-upload', destination, place, key, upload_id, intent_at, NEW.updated_at, NEW.updated_at FROM uploads WHERE operation = NEW.id;
  DELETE FROM uploads WHERE operation = NEW.id;
END;

CREATE TRIGGER operations_count_delete AFTER DELETE ON operations BEGIN
  UPDATE counters SET operations = operations - 1, bytes_total = bytes_total - coalesce(OLD.bytes_total, 0), bytes_done = bytes_done - OLD.bytes_done
  WHERE lane = OLD.lane AND state = OLD.state;
END;

CREATE TRIGGER operations_count_insert AFTER INSERT ON operations BEGIN
  INSERT INTO counters VALUES (NEW.lane, NEW.state, 1, coalesce(NEW.bytes_total, 0), NEW.bytes_done)
  ON CONFLICT DO UPDATE SET operations = operations + 1, bytes_total = bytes_total + excluded.bytes_total, bytes_done = bytes_done + excluded.bytes_done;
END;

CREATE TRIGGER operations_count_update AFTER UPDATE OF state, bytes_total, bytes_done ON operations
WHEN NEW.state <> OLD.state OR NEW.bytes_total IS NOT OLD.bytes_total OR NEW.bytes_done <> OLD.bytes_done BEGIN
  INSERT INTO counters VALUES (OLD.lane, OLD.state, -1, -coalesce(OLD.bytes_total, 0), -OLD.bytes_done),
    (NEW.lane, NEW.state, 1, coalesce(NEW.bytes_total, 0), NEW.bytes_done)
  ON CONFLICT DO UPDATE SET operations = operations + excluded.operations, bytes_total = bytes_total + excluded.bytes_total,
    bytes_done = bytes_done + excluded.bytes_done;
END;

CREATE TRIGGER operations_hold_keys AFTER UPDATE OF state ON operations WHEN NEW.state <> OLD.state BEGIN
  UPDATE operation_keys SET
    held = NOT (NEW.state = 'failed' OR NEW.state = 'succeeded' OR NEW.state = 'cancelled' OR NEW.state = 'superseded'),
    active = NEW.state = 'running' OR NEW.state = 'compensating'
  WHERE operation_seq = NEW.seq;
END;

CREATE TABLE parts (
  operation TEXT NOT NULL REFERENCES uploads(operation) ON DELETE CASCADE,
  number INTEGER NOT NULL CHECK (number BETWEEN 1 AND 10000),
  size_bytes INTEGER NOT NULL CHECK (size_bytes > 0),
  checksum TEXT NOT NULL,
  etag TEXT NOT NULL,
  done_at INTEGER NOT NULL,
  PRIMARY KEY (operation, number)
) STRICT, WITHOUT ROWID;

CREATE TABLE pauses (scope TEXT PRIMARY KEY, until INTEGER NOT NULL) STRICT, WITHOUT ROWID;

CREATE TABLE secrets (name TEXT PRIMARY KEY, sealed BLOB NOT NULL, updated_at INTEGER NOT NULL) STRICT, WITHOUT ROWID;

CREATE TABLE settings (name TEXT PRIMARY KEY, value TEXT NOT NULL CHECK (json_valid(value))) STRICT, WITHOUT ROWID;

CREATE TABLE steps (
  operation TEXT NOT NULL REFERENCES operations(id),
  position INTEGER NOT NULL,
  name TEXT NOT NULL,
  state TEXT NOT NULL,
  child TEXT REFERENCES operations(id),
  PRIMARY KEY (operation, position)
) STRICT, WITHOUT ROWID;

CREATE TABLE uploads (
  operation TEXT PRIMARY KEY REFERENCES operations(id) ON DELETE RESTRICT,
  destination TEXT NOT NULL,
  key TEXT NOT NULL,
  upload_id TEXT,
  intent_at INTEGER NOT NULL,
  size_bytes INTEGER NOT NULL CHECK (size_bytes > 0),
  part_size_bytes INTEGER NOT NULL CHECK (part_size_bytes > 0),
  algorithm TEXT NOT NULL,
  fingerprint TEXT NOT NULL
, place TEXT) STRICT, WITHOUT ROWID;
