-- What analysts read. Views run with the rights of who asks (security_invoker), so row-level security holds through them.
CREATE VIEW plumbline.trace_events WITH (security_invoker = true) AS
SELECT time, tenant_id, id, kind, agent, session, repo, branch, commit, version, received_at, digest,
       topic, log_partition, log_offset, log_index, payload::jsonb AS payload
FROM plumbline.traces;

CREATE VIEW plumbline.decisions WITH (security_invoker = true) AS
SELECT time, tenant_id, id, agent, session, repo, branch, commit, version, action_type, confidence, prompt_type,
       autonomy_mode, risk_score, risk_category, policy_hash, matched_rule_id, received_at,
       payload::jsonb -> 'data' AS data
FROM plumbline.traces WHERE kind = 'decision';

CREATE VIEW plumbline.report_events WITH (security_invoker = true) AS
SELECT time, tenant_id, id, agent, session, repo, branch, commit, version, status, score, ai_health_score, structural_score,
       duration_ms, violations, received_at, digest, topic, log_partition, log_offset, log_index, payload::jsonb AS payload
FROM plumbline.reports;

CREATE VIEW plumbline.gate_results WITH (security_invoker = true) AS
SELECT r.time, r.tenant_id, r.id AS report_id, r.repo, r.branch, r.commit, r.version, gate.key AS gate, gate.value AS status
FROM plumbline.reports r, LATERAL jsonb_each_text(r.payload::jsonb -> 'data' -> 'summary') AS gate;

GRANT SELECT ON plumbline.trace_events, plumbline.decisions, plumbline.report_events, plumbline.gate_results
  TO plumbline_reader, plumbline_analyst;

COMMENT ON VIEW plumbline.trace_events IS 'Traces with their whole payload as jsonb.';
COMMENT ON VIEW plumbline.decisions IS 'Autopilot decisions of agent runtimes, typed, with the event''s data as jsonb.';
COMMENT ON VIEW plumbline.report_events IS 'Reports with their whole payload as jsonb.';
COMMENT ON VIEW plumbline.gate_results IS 'One gate of a report a row: PASS, FAIL, SKIP or ERROR.';
COMMENT ON COLUMN plumbline.trace_events.payload IS 'The whole event.';
COMMENT ON COLUMN plumbline.decisions.data IS 'The event''s data: the agent runtime''s own entry.';
COMMENT ON COLUMN plumbline.report_events.payload IS 'The whole event.';
COMMENT ON COLUMN plumbline.gate_results.report_id IS 'The report.';
COMMENT ON COLUMN plumbline.gate_results.gate IS 'The gate.';
COMMENT ON COLUMN plumbline.gate_results.status IS 'Its result.';
-- A column that comes from a table as it is keeps the table's comment.
DO $$
DECLARE
  item record;
BEGIN
  FOR item IN
    SELECT v.relname, va.attname, col_description(t.oid, ta.attnum) AS said
    FROM (VALUES ('trace_events', 'traces'), ('decisions', 'traces'), ('report_events', 'reports'), ('gate_results', 'reports')) AS pair (v, t)
    JOIN pg_class v ON v.oid = ('plumbline.' || pair.v)::regclass
    JOIN pg_class t ON t.oid = ('plumbline.' || pair.t)::regclass
    JOIN pg_attribute va ON va.attrelid = v.oid AND va.attnum > 0
    JOIN pg_attribute ta ON ta.attrelid = t.oid AND ta.attname = va.attname AND ta.attnum > 0
    WHERE col_description(v.oid, va.attnum) IS NULL
  LOOP
    EXECUTE format('COMMENT ON COLUMN plumbline.%I.%I IS %L', item.relname, item.attname, item.said);
  END LOOP;
END
$$;
