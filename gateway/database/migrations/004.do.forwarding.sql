-- How far each receiver of forwarded records has got (AUD-10): the number of the last record that it acknowledged; -1: none.
-- In the database, so that it goes back with the log when a backup is restored: records may then arrive twice, never not at all.

CREATE TABLE forward_cursor (
  receiver text PRIMARY KEY CHECK (receiver ~ '^[a-z0-9][a-z0-9-]{0,63}$'),
  seq bigint NOT NULL CHECK (seq >= -1),
  moved_at timestamptz NOT NULL DEFAULT now()
);

REVOKE ALL ON forward_cursor FROM PUBLIC;
GRANT SELECT, INSERT, UPDATE ON forward_cursor TO countersign_gateway;
