import type { Migration } from '../migration.ts';

/**
 * The history of an operation is found by the operation's number. As an index over the text of its id it was the dearest
 * thing that a step of the outbox wrote. Counters move from state to state in one statement.
 */
export const historyByNumber: Migration = {
  version: 4,
  name: 'history-by-number',
  sql: `
DROP TRIGGER events_immutable;
-- The number of the operation, which is never given again; NULL where the event tells of none, or of one that is gone.
ALTER TABLE events ADD COLUMN operation_seq INTEGER;
UPDATE events SET operation_seq = (SELECT seq FROM operations WHERE id = events.operation) WHERE operation IS NOT NULL;
CREATE TRIGGER events_immutable BEFORE UPDATE ON events BEGIN
  SELECT raise(ABORT, 'events are immutable');
END;
DROP INDEX events_by_operation;
-- In the order of seq, which SQLite keeps with every row.
CREATE INDEX events_by_operation ON events (operation_seq);

DROP TRIGGER operations_count_update;
CREATE TRIGGER operations_count_update AFTER UPDATE OF state, bytes_total, bytes_done ON operations
WHEN NEW.state <> OLD.state OR NEW.bytes_total IS NOT OLD.bytes_total OR NEW.bytes_done <> OLD.bytes_done BEGIN
  INSERT INTO counters VALUES (OLD.lane, OLD.state, -1, -coalesce(OLD.bytes_total, 0), -OLD.bytes_done),
    (NEW.lane, NEW.state, 1, coalesce(NEW.bytes_total, 0), NEW.bytes_done)
  ON CONFLICT DO UPDATE SET operations = operations + excluded.operations, bytes_total = bytes_total + excluded.bytes_total,
    bytes_done = bytes_done + excluded.bytes_done;
END;
`,
};
