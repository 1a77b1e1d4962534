-- Drift: when a branch began to break its layers and when it stopped (docs/drift.md).
--
-- drifts is a function of the set of reports ordered by (time, id): drift_reports keeps one small row for each passing or
-- failing report, and what a late report changes is computed again from the last state before it. drift_events says what was
-- found and told, in the order of finding, and is the outbox of drift.v1.

CREATE TABLE plumbline.drift_streams (
  tenant_id          uuid        NOT NULL,
  stream_id          uuid        NOT NULL,
  repo               text        NOT NULL,
  branch             text        NOT NULL,
  version            bigint      NOT NULL,
  last_time          timestamptz NOT NULL,
  tail_time          timestamptz,
  tail_report        uuid,
  state              text        COMPRESSION lz4,
  announced_drift    uuid,
  announced_incident uuid,
  base_time          timestamptz,
  base_report        uuid,
  base_state         text        COMPRESSION lz4,
  PRIMARY KEY (tenant_id, stream_id)
) WITH (fillfactor = 70);  -- updated with every report: room for HOT updates on the page

CREATE TABLE plumbline.drift_reports (
  tenant_id    uuid        NOT NULL,
  stream_id    uuid        NOT NULL,
  time         timestamptz NOT NULL,
  report_id    uuid        NOT NULL,
  passed       boolean     NOT NULL,
  layer_total  integer     NOT NULL,
  commit       text,
  version      text,
  layer        text        COMPRESSION lz4,
  state        text        COMPRESSION lz4,
  PRIMARY KEY (tenant_id, stream_id, time, report_id)
);

CREATE TABLE plumbline.drifts (
  tenant_id         uuid        NOT NULL,
  drift_id          uuid        NOT NULL,
  incident_id       uuid        NOT NULL,
  stream_id         uuid        NOT NULL,
  repo              text        NOT NULL,
  branch            text        NOT NULL,
  state             text        NOT NULL CHECK (state IN ('open', 'resolved')),
  severity          text        NOT NULL CHECK (severity IN ('critical', 'high', 'medium', 'low', 'info')),
  opened_at         timestamptz NOT NULL,
  opened_report     uuid        NOT NULL,
  opened_commit     text,
  opened_version    text,
  passing_since     timestamptz NOT NULL,
  previous_at       timestamptz NOT NULL,
  previous_report   uuid        NOT NULL,
  previous_commit   text,
  previous_version  text,
  updated_at        timestamptz NOT NULL,
  resolved_at       timestamptz,
  resolved_report   uuid,
  resolved_commit   text,
  resolved_version  text,
  violations        jsonb       NOT NULL,
  violations_total  integer     NOT NULL,
  PRIMARY KEY (tenant_id, drift_id),
  CHECK ((state = 'resolved') = (resolved_at IS NOT NULL))
);
CREATE INDEX drifts_stream ON plumbline.drifts (tenant_id, stream_id, opened_at, opened_report);
CREATE INDEX drifts_recent ON plumbline.drifts (tenant_id, opened_at);
CREATE INDEX drifts_open ON plumbline.drifts (tenant_id) WHERE state = 'open';

CREATE TABLE plumbline.drift_events (
  tenant_id    uuid        NOT NULL,
  event_id     uuid        NOT NULL,
  seq          bigint      GENERATED ALWAYS AS IDENTITY,
  lane         smallint    NOT NULL,
  key          text        NOT NULL,
  type         text        NOT NULL,
  time         timestamptz NOT NULL,
  recorded_at  timestamptz NOT NULL,
  notify       boolean     NOT NULL,
  late         boolean     NOT NULL,
  correction   boolean     NOT NULL,
  stream_id    uuid,
  repo         text,
  branch       text,
  agent        text,
  drift_id     uuid,
  report_time  timestamptz,
  report_id    uuid,
  body         text        COMPRESSION lz4 NOT NULL,
  withdrawn_at timestamptz,
  published_at timestamptz,
  PRIMARY KEY (tenant_id, event_id)
);
CREATE INDEX drift_events_unpublished ON plumbline.drift_events (lane, seq) WHERE published_at IS NULL;
CREATE INDEX drift_events_stream ON plumbline.drift_events (tenant_id, stream_id, report_time, report_id)
  WHERE stream_id IS NOT NULL;
CREATE INDEX drift_events_recent ON plumbline.drift_events (tenant_id, recorded_at);

CREATE TABLE plumbline.drift_matchers (
  tenant_id  uuid        NOT NULL PRIMARY KEY REFERENCES plumbline.tenants (id),
  ids        text[]      NOT NULL CHECK (cardinality(ids) <= 100),
  words      text[]      NOT NULL CHECK (cardinality(words) <= 100),
  updated_at timestamptz NOT NULL DEFAULT now(),
  CHECK (cardinality(ids) + cardinality(words) > 0)
);

CREATE TABLE plumbline.drift_watch (
  tenant_id    uuid        NOT NULL,
  kind         text        NOT NULL CHECK (kind IN ('repo', 'agent')),
  name         text        NOT NULL,
  last_time    timestamptz NOT NULL,
  gap_s        bigint      NOT NULL,
  gaps         integer     NOT NULL,
  silent_since timestamptz,
  policy_hash  text,
  policy_time  timestamptz,
  PRIMARY KEY (tenant_id, kind, name)
);

DO $$
DECLARE
  name text;
BEGIN
  FOREACH name IN ARRAY ARRAY['drift_streams', 'drift_reports', 'drifts', 'drift_events', 'drift_matchers', 'drift_watch'] LOOP
    EXECUTE format('ALTER TABLE plumbline.%I ENABLE ROW LEVEL SECURITY', name);
    EXECUTE format('ALTER TABLE plumbline.%I FORCE ROW LEVEL SECURITY', name);
    EXECUTE format('CREATE POLICY tenant_rows ON plumbline.%I TO plumbline_reader, plumbline_analyst, plumbline_owner
                    USING (tenant_id = (SELECT nullif(current_setting(''plumbline.tenant'', true), '''')::uuid))', name);
    EXECUTE format('CREATE POLICY writer_works ON plumbline.%I TO plumbline_writer USING (true) WITH CHECK (true)', name);
    EXECUTE format('GRANT SELECT ON plumbline.%I TO plumbline_reader, plumbline_analyst', name);
  END LOOP;
END
$$;
GRANT SELECT, INSERT, UPDATE, DELETE ON plumbline.drift_streams, plumbline.drift_reports, plumbline.drifts,
  plumbline.drift_events, plumbline.drift_watch TO plumbline_writer;
GRANT SELECT ON plumbline.drift_matchers TO plumbline_writer;
CREATE POLICY control_all ON plumbline.drift_matchers TO plumbline_control USING (true) WITH CHECK (true);
GRANT SELECT, INSERT, UPDATE, DELETE ON plumbline.drift_matchers TO plumbline_control;
-- Operators see drifts of every tenant.
CREATE POLICY operator_rows ON plumbline.drifts FOR SELECT TO plumbline_control USING (true);
CREATE POLICY operator_rows ON plumbline.drift_events FOR SELECT TO plumbline_control USING (true);
GRANT SELECT ON plumbline.drifts, plumbline.drift_events TO plumbline_control;

COMMENT ON TABLE plumbline.drifts IS
  'Times in which a branch broke its layers after it had passed. A function of the set of reports ordered by (time, id).';
COMMENT ON COLUMN plumbline.drifts.tenant_id IS 'Tenant.';
COMMENT ON COLUMN plumbline.drifts.drift_id IS 'Id, made of the branch and the report that opened it.';
COMMENT ON COLUMN plumbline.drifts.incident_id IS 'Drifts that follow one another within drift.flap_window share it.';
COMMENT ON COLUMN plumbline.drifts.stream_id IS 'Id of (tenant, repo, branch), see drift_streams.';
COMMENT ON COLUMN plumbline.drifts.repo IS 'Repository.';
COMMENT ON COLUMN plumbline.drifts.branch IS 'Branch; empty where reports name none.';
COMMENT ON COLUMN plumbline.drifts.state IS 'open or resolved.';
COMMENT ON COLUMN plumbline.drifts.severity IS 'Highest severity of its violations.';
COMMENT ON COLUMN plumbline.drifts.opened_at IS 'Time of the report that opened it.';
COMMENT ON COLUMN plumbline.drifts.opened_report IS 'Report that opened it.';
COMMENT ON COLUMN plumbline.drifts.opened_commit IS 'Commit of that report.';
COMMENT ON COLUMN plumbline.drifts.opened_version IS 'Version of that report.';
COMMENT ON COLUMN plumbline.drifts.passing_since IS 'First report of the passing run that it ended.';
COMMENT ON COLUMN plumbline.drifts.previous_at IS 'Time of the last passing report before it.';
COMMENT ON COLUMN plumbline.drifts.previous_report IS 'That report.';
COMMENT ON COLUMN plumbline.drifts.previous_commit IS 'Commit of that report.';
COMMENT ON COLUMN plumbline.drifts.previous_version IS 'Version of that report.';
COMMENT ON COLUMN plumbline.drifts.updated_at IS 'Time of the last report that opened it, added violations or resolved it.';
COMMENT ON COLUMN plumbline.drifts.resolved_at IS 'Time of the passing report that resolved it.';
COMMENT ON COLUMN plumbline.drifts.resolved_report IS 'That report.';
COMMENT ON COLUMN plumbline.drifts.resolved_commit IS 'Commit of that report.';
COMMENT ON COLUMN plumbline.drifts.resolved_version IS 'Version of that report.';
COMMENT ON COLUMN plumbline.drifts.violations IS
  'Layer violations that were not in the last passing report: [{id, title, severity, files}], the first 20.';
COMMENT ON COLUMN plumbline.drifts.violations_total IS 'How many there are.';
COMMENT ON TABLE plumbline.drift_events IS 'Events of drift.v1, each once, in the order in which they were found; also their outbox.';
COMMENT ON COLUMN plumbline.drift_events.tenant_id IS 'Tenant.';
COMMENT ON COLUMN plumbline.drift_events.event_id IS 'Id, made of what happened.';
COMMENT ON COLUMN plumbline.drift_events.seq IS 'Order of finding.';
COMMENT ON COLUMN plumbline.drift_events.lane IS 'Who publishes one lane has it alone; a key belongs to one lane.';
COMMENT ON COLUMN plumbline.drift_events.key IS 'Key of the record: tenant/repo or tenant/agent.';
COMMENT ON COLUMN plumbline.drift_events.type IS 'drift.opened, drift.updated, drift.resolved, gate.failed, repo.silent, policy.changed...';
COMMENT ON COLUMN plumbline.drift_events.time IS 'When it happened.';
COMMENT ON COLUMN plumbline.drift_events.recorded_at IS 'When it was found.';
COMMENT ON COLUMN plumbline.drift_events.notify IS 'Whether people are to be told; false: late, old or a replay, on record only.';
COMMENT ON COLUMN plumbline.drift_events.late IS 'A report that came late revealed it.';
COMMENT ON COLUMN plumbline.drift_events.correction IS 'Takes back what was told before a late report came.';
COMMENT ON COLUMN plumbline.drift_events.stream_id IS 'Branch it is about, see drift_streams.';
COMMENT ON COLUMN plumbline.drift_events.repo IS 'Repository.';
COMMENT ON COLUMN plumbline.drift_events.branch IS 'Branch.';
COMMENT ON COLUMN plumbline.drift_events.agent IS 'Agent.';
COMMENT ON COLUMN plumbline.drift_events.drift_id IS 'Drift, see drifts.';
COMMENT ON COLUMN plumbline.drift_events.report_time IS 'Report that shows it: its time.';
COMMENT ON COLUMN plumbline.drift_events.report_id IS 'Report that shows it: its id.';
COMMENT ON COLUMN plumbline.drift_events.body IS 'The event as it is published: JSON of schemas/topics/drift.v1.json.';
COMMENT ON COLUMN plumbline.drift_events.withdrawn_at IS 'A report that came late shows that it did not happen so.';
COMMENT ON COLUMN plumbline.drift_events.published_at IS 'When the log had it durably; null: to be published.';
COMMENT ON TABLE plumbline.drift_streams IS 'State of each (tenant, repo, branch) that reports.';
COMMENT ON COLUMN plumbline.drift_streams.tenant_id IS 'Tenant.';
COMMENT ON COLUMN plumbline.drift_streams.stream_id IS 'Id, made of repo and branch.';
COMMENT ON COLUMN plumbline.drift_streams.repo IS 'Repository.';
COMMENT ON COLUMN plumbline.drift_streams.branch IS 'Branch; empty where reports name none.';
COMMENT ON COLUMN plumbline.drift_streams.version IS 'Rises with each change: a process with an older one must read again.';
COMMENT ON COLUMN plumbline.drift_streams.last_time IS 'Time of its newest report of whatever status.';
COMMENT ON COLUMN plumbline.drift_streams.tail_time IS 'Newest passing or failing report: its time.';
COMMENT ON COLUMN plumbline.drift_streams.tail_report IS 'Newest passing or failing report: its id.';
COMMENT ON COLUMN plumbline.drift_streams.state IS 'State of the history after it, JSON for the consumer.';
COMMENT ON COLUMN plumbline.drift_streams.announced_drift IS 'Drift that people were told of as open; null: none.';
COMMENT ON COLUMN plumbline.drift_streams.announced_incident IS 'Its incident.';
COMMENT ON COLUMN plumbline.drift_streams.base_time IS 'Reports up to here are summed up in base_state and ignored when they come later: time.';
COMMENT ON COLUMN plumbline.drift_streams.base_report IS 'As base_time: id.';
COMMENT ON COLUMN plumbline.drift_streams.base_state IS 'State of the history at base_time, JSON for the consumer.';
COMMENT ON TABLE plumbline.drift_reports IS 'What drift must remember of each passing or failing report within drift.history.';
COMMENT ON COLUMN plumbline.drift_reports.tenant_id IS 'Tenant.';
COMMENT ON COLUMN plumbline.drift_reports.stream_id IS 'Branch, see drift_streams.';
COMMENT ON COLUMN plumbline.drift_reports.time IS 'Time of the report.';
COMMENT ON COLUMN plumbline.drift_reports.report_id IS 'Its id.';
COMMENT ON COLUMN plumbline.drift_reports.passed IS 'PASS or FAIL.';
COMMENT ON COLUMN plumbline.drift_reports.layer_total IS 'Layer violations in it, by the matchers of when it was read.';
COMMENT ON COLUMN plumbline.drift_reports.commit IS 'Commit.';
COMMENT ON COLUMN plumbline.drift_reports.version IS 'Version.';
COMMENT ON COLUMN plumbline.drift_reports.layer IS 'Those violations, JSON for the consumer; null: none.';
COMMENT ON COLUMN plumbline.drift_reports.state IS 'State of the history after it where it changes something; null elsewhere.';
COMMENT ON TABLE plumbline.drift_matchers IS 'What counts as a layer violation; a tenant without a row has the defaults.';
COMMENT ON COLUMN plumbline.drift_matchers.tenant_id IS 'Tenant.';
COMMENT ON COLUMN plumbline.drift_matchers.ids IS 'Ids of rules, in any case; * at the end stands for any rest.';
COMMENT ON COLUMN plumbline.drift_matchers.words IS 'Beginnings of words in a violation''s id, title or category, in any case.';
COMMENT ON COLUMN plumbline.drift_matchers.updated_at IS 'When they were set.';
COMMENT ON TABLE plumbline.drift_watch IS 'How often repositories and agents report, and which policy an agent follows.';
COMMENT ON COLUMN plumbline.drift_watch.tenant_id IS 'Tenant.';
COMMENT ON COLUMN plumbline.drift_watch.kind IS 'repo or agent.';
COMMENT ON COLUMN plumbline.drift_watch.name IS 'Name of the repository or agent.';
COMMENT ON COLUMN plumbline.drift_watch.last_time IS 'Newest event time seen.';
COMMENT ON COLUMN plumbline.drift_watch.gap_s IS 'Longest usual gap between reports in seconds: the longest seen, shrinking by a tenth with each shorter one.';
COMMENT ON COLUMN plumbline.drift_watch.gaps IS 'Gaps seen, counted up to 1,000.';
COMMENT ON COLUMN plumbline.drift_watch.silent_since IS 'Said to be silent since; null: not silent.';
COMMENT ON COLUMN plumbline.drift_watch.policy_hash IS 'Agent: hash of the policy it followed last.';
COMMENT ON COLUMN plumbline.drift_watch.policy_time IS 'Agent: time of its newest decision by that policy.';
