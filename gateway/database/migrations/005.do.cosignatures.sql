-- What witnesses said of this log's checkpoints (AUD-3): one row a checkpoint and witness, verified before it is stored, and
-- again by whoever relies on it. And the origins that the log had: one more for each time that it was opened anew (OPS-6),
-- made by the owner alone; the first stands in installation.

CREATE TABLE cosignature (
  size bigint NOT NULL CHECK (size > 0),
  witness text NOT NULL CHECK (length(witness) BETWEEN 1 AND 128),
  line text NOT NULL CHECK (length(line) <= 8192),
  PRIMARY KEY (size, witness)
);

CREATE INDEX cosignature_witness ON cosignature (witness, size);

CREATE TABLE later_origin (
  since bigint PRIMARY KEY CHECK (since >= 0),
  origin text NOT NULL UNIQUE
);

CREATE TRIGGER cosignature_append_only BEFORE UPDATE OR DELETE ON cosignature
  FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER cosignature_no_truncate BEFORE TRUNCATE ON cosignature
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER later_origin_no_change BEFORE UPDATE OR DELETE ON later_origin
  FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER later_origin_no_truncate BEFORE TRUNCATE ON later_origin
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

REVOKE ALL ON cosignature, later_origin FROM PUBLIC;
GRANT SELECT, INSERT ON cosignature TO countersign_gateway;
GRANT SELECT ON later_origin TO countersign_gateway;
