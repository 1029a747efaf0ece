-- Ranges of the log that were archived (AUD-7): what an administrator ordered, the bundle that was written, how it ended,
-- and the tree's nodes of records that are no longer here, so that everything that is left still proves. The gateway orders and
-- writes; only the owner, in the maintenance process, moves records out.

CREATE TABLE archived_record (
  seq bigint PRIMARY KEY CHECK (seq >= 0),
  hashes bytea NOT NULL CHECK (length(hashes) >= 32 AND length(hashes) % 32 = 0)
);

CREATE TABLE archive_order (
  ordered bigint PRIMARY KEY CHECK (ordered > through),
  first bigint NOT NULL CHECK (first >= 0 AND first <= through),
  through bigint NOT NULL
);

CREATE TABLE archive_file (
  ordered bigint PRIMARY KEY REFERENCES archive_order,
  written bigint NOT NULL CHECK (written > ordered),
  file text NOT NULL,
  sha256 text NOT NULL CHECK (sha256 ~ '^[0-9a-f]{64}$')
);

CREATE TABLE archive_end (
  ordered bigint PRIMARY KEY REFERENCES archive_order,
  removed bigint NOT NULL CHECK (removed >= 0),
  trouble text,
  ended_at timestamptz NOT NULL DEFAULT now()
);

DO $$
DECLARE
  name text;
BEGIN
  FOREACH name IN ARRAY ARRAY['archived_record', 'archive_order', 'archive_file', 'archive_end'] LOOP
    EXECUTE format('CREATE TRIGGER %I BEFORE UPDATE OR DELETE ON %I FOR EACH ROW EXECUTE FUNCTION refuse_change()',
      name || '_append_only', name);
    EXECUTE format('CREATE TRIGGER %I BEFORE TRUNCATE ON %I FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()',
      name || '_no_truncate', name);
    EXECUTE format('REVOKE ALL ON %I FROM PUBLIC', name);
    EXECUTE format('GRANT SELECT ON %I TO countersign_gateway', name);
  END LOOP;
END $$;

GRANT INSERT ON archive_order, archive_file TO countersign_gateway;

-- A record leaves the log only where its hashes stay, and nobody but the owner can put them there.
CREATE FUNCTION refuse_record_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'DELETE' AND EXISTS (
    SELECT FROM countersign.archived_record a WHERE a.seq = OLD.seq AND a.hashes = OLD.hashes
  ) THEN
    RETURN OLD;
  END IF;
  RAISE EXCEPTION 'the audit log is append-only: % on % refused', TG_OP, TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege';
END $$;

DROP TRIGGER log_record_append_only ON log_record;
CREATE TRIGGER log_record_append_only BEFORE UPDATE OR DELETE ON log_record
  FOR EACH ROW EXECUTE FUNCTION refuse_record_change();
