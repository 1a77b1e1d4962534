-- The audit log as a hash chain for each tenant (and one for the installation): a line holds the hash of the line before it, so a
-- changed or removed line shows. The trigger makes it, whoever writes the line.
ALTER TABLE plumbline.audit_log ADD COLUMN seq bigint, ADD COLUMN prev_hash bytea, ADD COLUMN hash bytea;

CREATE FUNCTION plumbline.audit_hash(prev_hash bytea, seq bigint, at timestamptz, tenant_id uuid, actor text, action text,
                                     subject text, detail jsonb) RETURNS bytea
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT sha256(prev_hash || convert_to(jsonb_build_array(
    seq, to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), tenant_id, actor, action, subject, detail)::text, 'UTF8'))
$$;
COMMENT ON FUNCTION plumbline.audit_hash(bytea, bigint, timestamptz, uuid, text, text, text, jsonb) IS
  'Hash of a line of the audit log: SHA-256 over the hash before it and the line as a JSON array.';

-- One writer of a tenant's chain at a time, until its transaction ends.
CREATE FUNCTION plumbline.audit_link() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_advisory_xact_lock(hashtextextended('plumbline.audit ' || coalesce(NEW.tenant_id::text, ''), 0));
  IF NEW.tenant_id IS NULL THEN
    SELECT a.seq + 1, a.hash INTO NEW.seq, NEW.prev_hash FROM plumbline.audit_log a
      WHERE a.tenant_id IS NULL ORDER BY a.seq DESC LIMIT 1;
  ELSE
    SELECT a.seq + 1, a.hash INTO NEW.seq, NEW.prev_hash FROM plumbline.audit_log a
      WHERE a.tenant_id = NEW.tenant_id ORDER BY a.seq DESC LIMIT 1;
  END IF;
  NEW.seq := coalesce(NEW.seq, 1);
  NEW.prev_hash := coalesce(NEW.prev_hash, '');
  NEW.hash := plumbline.audit_hash(NEW.prev_hash, NEW.seq, NEW.at, NEW.tenant_id, NEW.actor, NEW.action, NEW.subject, NEW.detail);
  RETURN NEW;
END
$$;

-- Lines of before are linked in their order. The owner is bound by forced policies, and the log refuses changes: both rest meanwhile.
ALTER TABLE plumbline.audit_log NO FORCE ROW LEVEL SECURITY;
ALTER TABLE plumbline.audit_log DISABLE TRIGGER audit_log_append_only;
DO $$
DECLARE
  line record;
  before record;
BEGIN
  FOR line IN SELECT * FROM plumbline.audit_log ORDER BY id LOOP
    SELECT a.seq, a.hash INTO before FROM plumbline.audit_log a
      WHERE a.tenant_id IS NOT DISTINCT FROM line.tenant_id AND a.seq IS NOT NULL ORDER BY a.seq DESC LIMIT 1;
    UPDATE plumbline.audit_log a SET seq = coalesce(before.seq, 0) + 1, prev_hash = coalesce(before.hash, ''),
      hash = plumbline.audit_hash(coalesce(before.hash, ''), coalesce(before.seq, 0) + 1, a.at, a.tenant_id, a.actor, a.action,
                                  a.subject, a.detail)
      WHERE a.id = line.id;
  END LOOP;
END
$$;
ALTER TABLE plumbline.audit_log ENABLE TRIGGER audit_log_append_only;
ALTER TABLE plumbline.audit_log FORCE ROW LEVEL SECURITY;
ALTER TABLE plumbline.audit_log ALTER COLUMN seq SET NOT NULL, ALTER COLUMN prev_hash SET NOT NULL,
  ALTER COLUMN hash SET NOT NULL;
CREATE UNIQUE INDEX audit_log_chain ON plumbline.audit_log (tenant_id, seq);
CREATE UNIQUE INDEX audit_log_chain_of_installation ON plumbline.audit_log (seq) WHERE tenant_id IS NULL;
CREATE TRIGGER audit_log_link BEFORE INSERT ON plumbline.audit_log FOR EACH ROW EXECUTE FUNCTION plumbline.audit_link();

CREATE VIEW plumbline.audit_breaks WITH (security_invoker = true) AS
SELECT tenant_id, id, seq FROM (
  SELECT a.*, lag(a.hash, 1, '') OVER w AS hash_before, lag(a.seq, 1, 0::bigint) OVER w AS seq_before
  FROM plumbline.audit_log a WINDOW w AS (PARTITION BY a.tenant_id ORDER BY a.seq)) l
WHERE l.prev_hash <> l.hash_before OR l.seq <> l.seq_before + 1
   OR l.hash <> plumbline.audit_hash(l.prev_hash, l.seq, l.at, l.tenant_id, l.actor, l.action, l.subject, l.detail);
GRANT SELECT ON plumbline.audit_breaks TO plumbline_reader, plumbline_analyst, plumbline_control;

COMMENT ON COLUMN plumbline.audit_log.seq IS 'Place in the tenant''s chain, from 1 and dense.';
COMMENT ON COLUMN plumbline.audit_log.prev_hash IS 'Hash of the line before; empty for the first.';
COMMENT ON COLUMN plumbline.audit_log.hash IS 'audit_hash of this line: SHA-256 over prev_hash and all that it says.';
COMMENT ON VIEW plumbline.audit_breaks IS 'Lines of the audit log that were changed, or before which one is missing; empty when all is well.';
COMMENT ON COLUMN plumbline.audit_breaks.tenant_id IS 'Tenant concerned; null: the installation.';
COMMENT ON COLUMN plumbline.audit_breaks.id IS 'The line.';
COMMENT ON COLUMN plumbline.audit_breaks.seq IS 'Its place in the chain.';
