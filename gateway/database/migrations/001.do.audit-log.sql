-- The audit log (AUD-3, AUD-4): one append-only table, partitioned by record number, its only primary key.
-- A row holds the record's canonical bytes, the tree nodes that it completes (leaf hash first, 32 bytes each) and,
-- on the last record of each commit, the signed checkpoint. All other columns repeat what is in the bytes, to search by.
-- Run by the owner in the maintenance process; the role countersign_gateway exists by then.

CREATE TABLE installation (
  only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
  mode text NOT NULL CHECK (mode IN ('demo', 'production')),
  origin text NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now()
);

DO $$
DECLARE
  columns constant text := $columns$
    seq bigint NOT NULL CHECK (seq >= 0),
    time timestamptz NOT NULL,
    kind text NOT NULL,
    actor text,
    subject text NOT NULL,
    terminal text,
    command text,
    projection text,
    hashes bytea NOT NULL CHECK (length(hashes) >= 32 AND length(hashes) % 32 = 0),
    body bytea NOT NULL,
    checkpoint text,
    PRIMARY KEY (seq)
  $columns$;
BEGIN
  IF EXISTS (SELECT FROM pg_extension WHERE extname = 'timescaledb') THEN
    EXECUTE 'CREATE TABLE log_record (' || columns || ')';
    PERFORM create_hypertable('log_record', by_range('seq', 1000000), create_default_indexes => false);
  ELSE
    EXECUTE 'CREATE TABLE log_record (' || columns || ') PARTITION BY RANGE (seq)';
  END IF;
END $$;

CREATE INDEX log_record_time ON log_record (time);
CREATE INDEX log_record_kind ON log_record (kind, seq);
CREATE INDEX log_record_subject ON log_record (subject, seq);
CREATE INDEX log_record_actor ON log_record (actor, seq) WHERE actor IS NOT NULL;
CREATE INDEX log_record_command ON log_record (command, seq) WHERE command IS NOT NULL;
CREATE INDEX log_record_projection ON log_record (seq) WHERE projection IS NOT NULL;

CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'the audit log is append-only: % on % refused', TG_OP, TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege';
END $$;

CREATE TRIGGER log_record_append_only BEFORE UPDATE OR DELETE ON log_record
  FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER log_record_no_truncate BEFORE TRUNCATE ON log_record
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER installation_no_change BEFORE UPDATE OR DELETE ON installation
  FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER installation_no_truncate BEFORE TRUNCATE ON installation
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

REVOKE ALL ON installation, log_record FROM PUBLIC;
GRANT SELECT, INSERT ON log_record TO countersign_gateway;
GRANT SELECT ON installation TO countersign_gateway;
