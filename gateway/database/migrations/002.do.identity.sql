-- Accounts, certifications, terminals and the configuration as projections of the log (IDN-1): one row a subject, its document as canonical
-- JSON text, and the number of the record that holds the text's digest. What stands here is believed only while the log
-- says the same; the gateway's role may neither delete a row nor give it to another subject.

CREATE TABLE projection (
  subject text PRIMARY KEY CHECK (subject ~ '^((account|certification|terminal):.+|configuration)$'),
  document text NOT NULL,
  seq bigint NOT NULL CHECK (seq >= 0)
);

CREATE FUNCTION refuse_projection_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'projections are never removed or renamed: % refused', TG_OP USING ERRCODE = 'insufficient_privilege';
END $$;

CREATE TRIGGER projection_no_delete BEFORE DELETE ON projection
  FOR EACH ROW EXECUTE FUNCTION refuse_projection_change();
CREATE TRIGGER projection_no_rename BEFORE UPDATE ON projection
  FOR EACH ROW WHEN (OLD.subject <> NEW.subject OR NEW.seq <= OLD.seq) EXECUTE FUNCTION refuse_projection_change();
CREATE TRIGGER projection_no_truncate BEFORE TRUNCATE ON projection
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_projection_change();

REVOKE ALL ON projection FROM PUBLIC;
GRANT SELECT, INSERT, UPDATE ON projection TO countersign_gateway;
