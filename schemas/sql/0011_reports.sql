-- Reports of gate runs and their violations. Few and large beside traces, so not partitioned: a tenant's days are deleted by key.
CREATE TABLE plumbline.reports (
  tenant_id        uuid        NOT NULL,
  time             timestamptz NOT NULL,
  id               uuid        NOT NULL,
  digest           uuid        NOT NULL,
  received_at      timestamptz NOT NULL,
  log_offset       bigint      NOT NULL,
  log_partition    integer     NOT NULL,
  log_index        integer     NOT NULL,
  topic            smallint    NOT NULL,
  agent            text        NOT NULL,
  session          text,
  repo             text,
  branch           text,
  commit           text,
  version          text,
  status           text        NOT NULL,
  score            double precision,
  ai_health_score  double precision,
  structural_score double precision,
  duration_ms      double precision,
  violations       integer     NOT NULL,
  payload          text COMPRESSION lz4 NOT NULL,
  PRIMARY KEY (tenant_id, time, id)
);
CREATE INDEX reports_repo ON plumbline.reports (tenant_id, repo, time);

CREATE TABLE plumbline.violations (
  tenant_id  uuid        NOT NULL,
  time       timestamptz NOT NULL,
  report_id  uuid        NOT NULL,
  ordinal    integer     NOT NULL,
  line       bigint,
  end_line   bigint,
  files      integer     NOT NULL,
  repo       text,
  gate       text        NOT NULL,
  title      text,
  severity   text,
  provenance text,
  category   text,
  file       text,
  details    text COMPRESSION lz4,
  PRIMARY KEY (tenant_id, time, report_id, ordinal),
  FOREIGN KEY (tenant_id, time, report_id) REFERENCES plumbline.reports (tenant_id, time, id) ON DELETE CASCADE
);

DO $$
DECLARE
  name text;
BEGIN
  FOREACH name IN ARRAY ARRAY['reports', 'violations'] LOOP
    EXECUTE format('ALTER TABLE plumbline.%I ENABLE ROW LEVEL SECURITY', name);
    EXECUTE format('ALTER TABLE plumbline.%I FORCE ROW LEVEL SECURITY', name);
    EXECUTE format('CREATE POLICY tenant_rows ON plumbline.%I TO plumbline_reader, plumbline_analyst, plumbline_owner
                    USING (tenant_id = (SELECT nullif(current_setting(''plumbline.tenant'', true), '''')::uuid))', name);
    EXECUTE format('CREATE POLICY writer_inserts ON plumbline.%I FOR INSERT TO plumbline_writer WITH CHECK (true)', name);
    EXECUTE format('CREATE POLICY writer_compares ON plumbline.%I FOR SELECT TO plumbline_writer USING (true)', name);
    EXECUTE format('GRANT SELECT ON plumbline.%I TO plumbline_reader, plumbline_analyst', name);
    EXECUTE format('GRANT INSERT ON plumbline.%I TO plumbline_writer', name);
  END LOOP;
END
$$;
GRANT SELECT (tenant_id, time, id, digest, topic, log_partition, log_offset, log_index) ON plumbline.reports TO plumbline_writer;
GRANT SELECT (tenant_id, time, report_id, ordinal) ON plumbline.violations TO plumbline_writer;

COMMENT ON TABLE plumbline.reports IS 'Every stored report of a gate run, once: (tenant_id, id, time) is its identity.';
COMMENT ON COLUMN plumbline.reports.tenant_id IS 'Tenant of the key that signed the request.';
COMMENT ON COLUMN plumbline.reports.time IS 'When the gate ran.';
COMMENT ON COLUMN plumbline.reports.id IS 'The report''s id, chosen by its sender; unique together with tenant_id and time.';
COMMENT ON COLUMN plumbline.reports.digest IS 'First 16 bytes of SHA-256 over payload, written as a uuid.';
COMMENT ON COLUMN plumbline.reports.received_at IS 'When the edge received it.';
COMMENT ON COLUMN plumbline.reports.topic IS 'Address in the log: topic, see log_topics.';
COMMENT ON COLUMN plumbline.reports.log_partition IS 'Address in the log: partition of the topic.';
COMMENT ON COLUMN plumbline.reports.log_offset IS 'Address in the log: offset of the record (frame) in the partition.';
COMMENT ON COLUMN plumbline.reports.log_index IS 'Address in the log: line of the frame, from 0.';
COMMENT ON COLUMN plumbline.reports.agent IS 'Who sent it, named by itself.';
COMMENT ON COLUMN plumbline.reports.session IS 'Session of the sender, named by itself.';
COMMENT ON COLUMN plumbline.reports.repo IS 'Repository that was checked.';
COMMENT ON COLUMN plumbline.reports.branch IS 'Branch that was checked.';
COMMENT ON COLUMN plumbline.reports.commit IS 'Commit that was checked.';
COMMENT ON COLUMN plumbline.reports.version IS 'Version of the software that was checked.';
COMMENT ON COLUMN plumbline.reports.status IS 'PASS, FAIL, SKIP or ERROR.';
COMMENT ON COLUMN plumbline.reports.score IS 'Overall score, 0 to 100.';
COMMENT ON COLUMN plumbline.reports.ai_health_score IS 'Score of what AI-written code tends to get wrong, 0 to 100.';
COMMENT ON COLUMN plumbline.reports.structural_score IS 'Score of structure, 0 to 100.';
COMMENT ON COLUMN plumbline.reports.duration_ms IS 'How long the run took.';
COMMENT ON COLUMN plumbline.reports.violations IS 'Failures the report lists; one row of violations each.';
COMMENT ON COLUMN plumbline.reports.payload IS 'The whole event as it came: validated JSON. See report_events.payload for jsonb.';
COMMENT ON TABLE plumbline.violations IS 'One failure of a report a row.';
COMMENT ON COLUMN plumbline.violations.tenant_id IS 'Tenant of the report.';
COMMENT ON COLUMN plumbline.violations.time IS 'Time of the report.';
COMMENT ON COLUMN plumbline.violations.report_id IS 'The report.';
COMMENT ON COLUMN plumbline.violations.ordinal IS 'Place in the report''s list of failures, from 0.';
COMMENT ON COLUMN plumbline.violations.repo IS 'Repository that was checked.';
COMMENT ON COLUMN plumbline.violations.gate IS 'Gate that failed (the failure''s id).';
COMMENT ON COLUMN plumbline.violations.title IS 'What is wrong, in short.';
COMMENT ON COLUMN plumbline.violations.severity IS 'critical, high, medium, low or info.';
COMMENT ON COLUMN plumbline.violations.provenance IS 'Family of the gate: traditional, ai-drift, security, governance, deep-analysis.';
COMMENT ON COLUMN plumbline.violations.category IS 'Category, where the gate names one.';
COMMENT ON COLUMN plumbline.violations.file IS 'First file it names.';
COMMENT ON COLUMN plumbline.violations.files IS 'How many files it names.';
COMMENT ON COLUMN plumbline.violations.line IS 'First line, where known.';
COMMENT ON COLUMN plumbline.violations.end_line IS 'Last line, where known.';
COMMENT ON COLUMN plumbline.violations.details IS 'What is wrong, in full.';
