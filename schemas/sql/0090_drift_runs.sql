-- A row of drift_reports stands for a run of reports of one branch: the last of them and those before it, which passed or failed
-- alike, broke no layer and changed nothing. A branch that reports again and again costs a row each time that something happens or
-- a batch ends, not a row each report. Rows that are there are runs of one.
ALTER TABLE plumbline.drift_reports
  ADD COLUMN reports integer NOT NULL DEFAULT 1,
  ADD COLUMN earlier_times timestamptz[],
  ADD COLUMN earlier_ids uuid[],
  ADD COLUMN earlier_commits text[] COMPRESSION lz4,
  ADD COLUMN earlier_versions text[] COMPRESSION lz4;
COMMENT ON TABLE plumbline.drift_reports IS
  'What drift must remember of passing and failing reports within drift.history: a row for each run of them, see drift_history.';
COMMENT ON COLUMN plumbline.drift_reports.time IS 'Time of the last report of the run.';
COMMENT ON COLUMN plumbline.drift_reports.reports IS 'Reports of the run.';
COMMENT ON COLUMN plumbline.drift_reports.earlier_times IS 'Times of those before the last one, rising; null: there are none.';
COMMENT ON COLUMN plumbline.drift_reports.earlier_ids IS 'Their ids.';
COMMENT ON COLUMN plumbline.drift_reports.earlier_commits IS 'Their commits, empty where there is none; null: none has one.';
COMMENT ON COLUMN plumbline.drift_reports.earlier_versions IS 'Their versions, likewise.';

CREATE VIEW plumbline.drift_history WITH (security_invoker = true) AS
SELECT tenant_id, stream_id, time, report_id, passed, layer_total, commit, version, layer, state FROM plumbline.drift_reports
UNION ALL
SELECT r.tenant_id, r.stream_id, e.time, e.report_id, r.passed, 0, nullif(e.commit, ''), nullif(e.version, ''), NULL, NULL
FROM plumbline.drift_reports r, unnest(r.earlier_times, r.earlier_ids, r.earlier_commits, r.earlier_versions)
  AS e (time, report_id, commit, version)
WHERE r.reports > 1;
GRANT SELECT ON plumbline.drift_history TO plumbline_reader, plumbline_analyst, plumbline_writer;
COMMENT ON VIEW plumbline.drift_history IS 'Each passing or failing report that drift remembers.';
COMMENT ON COLUMN plumbline.drift_history.tenant_id IS 'Tenant.';
COMMENT ON COLUMN plumbline.drift_history.stream_id IS 'Branch, see drift_streams.';
COMMENT ON COLUMN plumbline.drift_history.time IS 'Time of the report.';
COMMENT ON COLUMN plumbline.drift_history.report_id IS 'Its id.';
COMMENT ON COLUMN plumbline.drift_history.passed IS 'PASS or FAIL.';
COMMENT ON COLUMN plumbline.drift_history.layer_total IS 'Layer violations in it, by the matchers of when it was read.';
COMMENT ON COLUMN plumbline.drift_history.commit IS 'Commit.';
COMMENT ON COLUMN plumbline.drift_history.version IS 'Version.';
COMMENT ON COLUMN plumbline.drift_history.layer IS 'Those violations, JSON for the consumer; null: none.';
COMMENT ON COLUMN plumbline.drift_history.state IS 'State of the history after it where it changes something; null elsewhere.';
