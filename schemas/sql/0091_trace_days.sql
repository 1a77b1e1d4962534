-- COPY into the traces. PostgreSQL refuses COPY into a table under row-level security, and one row at a time costs it half as much
-- again. So between traces and its days stands a table that nobody can read, and into which the writer alone may insert:
--   traces       what everybody reads: forced row-level security, policies by tenant
--   trace_days   its only partition: INSERT for the writer, no other right for anyone, not even its owner; no policies
--   traces_DAY   the rows: forced row-level security without a policy, nothing granted
-- Reading goes by the policies of the table that is named, so no row can be read around them. The writer could insert rows of any
-- tenant before, too: its batches hold many, and who sent a trace was decided by its signature.
-- Days stay where they are: no row is moved or looked at.
ALTER TABLE plumbline.traces RENAME TO trace_days;
ALTER TABLE plumbline.trace_days RENAME CONSTRAINT traces_pkey TO trace_days_pkey;
ALTER INDEX plumbline.traces_session RENAME TO trace_days_session;
CREATE TABLE plumbline.traces (LIKE plumbline.trace_days INCLUDING ALL EXCLUDING INDEXES) PARTITION BY RANGE (time);
ALTER TABLE plumbline.traces ADD PRIMARY KEY (time, tenant_id, id);
CREATE INDEX traces_session ON plumbline.traces (tenant_id, session text_pattern_ops) WHERE session IS NOT NULL;
ALTER TABLE plumbline.traces ATTACH PARTITION plumbline.trace_days FOR VALUES FROM (MINVALUE) TO (MAXVALUE);

ALTER TABLE plumbline.traces ENABLE ROW LEVEL SECURITY;
ALTER TABLE plumbline.traces FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_rows ON plumbline.traces TO plumbline_reader, plumbline_analyst, plumbline_owner
  USING (tenant_id = (SELECT nullif(current_setting('plumbline.tenant', true), '')::uuid));
-- For a persist of an earlier version that runs on.
CREATE POLICY writer_inserts ON plumbline.traces FOR INSERT TO plumbline_writer WITH CHECK (true);
CREATE POLICY writer_compares ON plumbline.traces FOR SELECT TO plumbline_writer USING (true);
GRANT SELECT ON plumbline.traces TO plumbline_reader, plumbline_analyst;
GRANT INSERT ON plumbline.traces TO plumbline_writer;
GRANT SELECT (time, tenant_id, id, digest, topic, log_partition, log_offset, log_index) ON plumbline.traces
  TO plumbline_writer;
COMMENT ON TABLE plumbline.traces IS
  'Every stored trace but reports, once: (tenant_id, id, time) is its identity. Partitioned by day of time (UTC).';

DROP POLICY tenant_rows ON plumbline.trace_days;
DROP POLICY IF EXISTS tenant_rows_of_analyst ON plumbline.trace_days;
DROP POLICY writer_inserts ON plumbline.trace_days;
DROP POLICY writer_compares ON plumbline.trace_days;
ALTER TABLE plumbline.trace_days NO FORCE ROW LEVEL SECURITY;
ALTER TABLE plumbline.trace_days DISABLE ROW LEVEL SECURITY;
REVOKE ALL ON plumbline.trace_days FROM plumbline_reader, plumbline_analyst, plumbline_writer, plumbline_owner;
REVOKE SELECT (time, tenant_id, id, digest, topic, log_partition, log_offset, log_index) ON plumbline.trace_days
  FROM plumbline_writer;
GRANT INSERT ON plumbline.trace_days TO plumbline_writer;
COMMENT ON TABLE plumbline.trace_days IS 'Where the writer copies traces to; the days are its partitions. Read traces.';

-- The views followed the table that was renamed.
CREATE OR REPLACE VIEW plumbline.trace_events WITH (security_invoker = true) AS
SELECT time, tenant_id, id, kind, agent, session, repo, branch, commit, version, received_at, digest,
       topic, log_partition, log_offset, log_index, payload::jsonb AS payload
FROM plumbline.traces;
CREATE OR REPLACE VIEW plumbline.decisions WITH (security_invoker = true) AS
SELECT time, tenant_id, id, agent, session, repo, branch, commit, version, action_type, confidence, prompt_type,
       autonomy_mode, risk_score, risk_category, policy_hash, matched_rule_id, received_at,
       payload::jsonb -> 'data' AS data
FROM plumbline.traces WHERE kind = 'decision';
DO $$
DECLARE
  definition text := pg_get_viewdef('plumbline.spans'::regclass);
BEGIN
  IF definition NOT LIKE '%FROM plumbline.trace_days t,%' THEN
    RAISE EXCEPTION 'spans reads something else: %', definition;
  END IF;
  EXECUTE 'CREATE OR REPLACE VIEW plumbline.spans WITH (security_invoker = true) AS '
          || replace(definition, 'FROM plumbline.trace_days t,', 'FROM plumbline.traces t,');
END
$$;

CREATE OR REPLACE FUNCTION plumbline.ensure_partition(day date) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  name text := 'traces_' || to_char(day, 'YYYYMMDD');
  today date := (now() AT TIME ZONE 'UTC')::date;
BEGIN
  IF day IS NULL OR day < today - (3660 + 31) OR day > today + 2 THEN
    RAISE EXCEPTION 'day outside of retention' USING ERRCODE = 'datetime_field_overflow';
  END IF;
  IF to_regclass('plumbline.' || name) IS NOT NULL THEN
    RETURN false;
  END IF;
  PERFORM pg_advisory_xact_lock(hashtextextended('plumbline.ensure_partition', 0));
  IF to_regclass('plumbline.' || name) IS NOT NULL THEN
    RETURN false;
  END IF;
  EXECUTE format('CREATE TABLE plumbline.%I (LIKE plumbline.traces INCLUDING ALL)', name);
  EXECUTE format('ALTER TABLE plumbline.%I ENABLE ROW LEVEL SECURITY', name);
  EXECUTE format('ALTER TABLE plumbline.%I FORCE ROW LEVEL SECURITY', name);
  EXECUTE format('ALTER TABLE plumbline.trace_days ATTACH PARTITION plumbline.%I FOR VALUES FROM (%L) TO (%L)', name,
                 to_char(day, 'YYYY-MM-DD') || ' 00:00:00+00', to_char(day + 1, 'YYYY-MM-DD') || ' 00:00:00+00');
  RETURN true;
END
$$;
SELECT plumbline.bind_analysts();
