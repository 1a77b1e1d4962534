-- Health: hourly sums of what reports and decisions say, and the latest state of each branch and agent (docs/adr has why).
--
-- Every sum is an integer and every row is a sum, a least or a greatest over a set of events, so the tables depend on the set
-- of stored events alone: not on their order, on batches, on repetitions or on who counted them. An hour is of event time, UTC.
--
-- Numbers that are no integers become such event by event: scores in thousandths, round(score * 1000); durations in whole
-- milliseconds, round(least(duration_ms, 1e12)); both round halves to even, as round(double precision) does.
--
-- Histograms are columns of counts and merge by addition. Bucket n of
--   score     (score_h0 .. h9)     holds [10 n, 10 n + 10) of 100, the last one 100 as well
--   risk      (risk_h0 .. h9)      the same
--   duration  (duration_h0 .. h9)  less than 100, 300, 1,000, 3,000, 10,000, 30,000, 60,000, 300,000, 900,000 ms, and more
--   latency   (latency_h0 .. h9)   less than 10, 30, 100, 300, 1,000, 3,000, 10,000, 30,000, 100,000 ms, and more
--
-- Names may be long: where two of them make a key, the key is their hash.

CREATE TABLE plumbline.health_repo_hours (
  tenant_id        uuid        NOT NULL,
  repo             text        NOT NULL,
  hour             timestamptz NOT NULL,
  runs             bigint      NOT NULL,
  passes           bigint      NOT NULL,
  fails            bigint      NOT NULL,
  skips            bigint      NOT NULL,
  errors           bigint      NOT NULL,
  failures         bigint      NOT NULL,
  score_count      bigint      NOT NULL,
  score_milli      bigint      NOT NULL,
  ai_count         bigint      NOT NULL,
  ai_milli         bigint      NOT NULL,
  structural_count bigint      NOT NULL,
  structural_milli bigint      NOT NULL,
  duration_count   bigint      NOT NULL,
  duration_ms      bigint      NOT NULL,
  score_h0 bigint NOT NULL, score_h1 bigint NOT NULL, score_h2 bigint NOT NULL, score_h3 bigint NOT NULL,
  score_h4 bigint NOT NULL, score_h5 bigint NOT NULL, score_h6 bigint NOT NULL, score_h7 bigint NOT NULL,
  score_h8 bigint NOT NULL, score_h9 bigint NOT NULL,
  duration_h0 bigint NOT NULL, duration_h1 bigint NOT NULL, duration_h2 bigint NOT NULL, duration_h3 bigint NOT NULL,
  duration_h4 bigint NOT NULL, duration_h5 bigint NOT NULL, duration_h6 bigint NOT NULL, duration_h7 bigint NOT NULL,
  duration_h8 bigint NOT NULL, duration_h9 bigint NOT NULL,
  PRIMARY KEY (tenant_id, repo, hour)
) WITH (fillfactor = 60);  -- the running hour is updated by every batch: room for HOT updates on the page

CREATE TABLE plumbline.health_repo_failures (
  tenant_id  uuid        NOT NULL,
  hour       timestamptz NOT NULL,
  name_key   uuid        NOT NULL GENERATED ALWAYS AS (md5(
    length(repo)::text || ':' || repo || length(gate)::text || ':' || gate || severity || ':' || provenance)::uuid) STORED,
  repo       text        NOT NULL,
  gate       text        NOT NULL,
  severity   text        NOT NULL,
  provenance text        NOT NULL,
  failures   bigint      NOT NULL,
  PRIMARY KEY (tenant_id, hour, name_key)
) WITH (fillfactor = 80);

CREATE TABLE plumbline.health_repo_latest (
  tenant_id        uuid        NOT NULL,
  name_key         uuid        NOT NULL GENERATED ALWAYS AS (md5(length(repo)::text || ':' || repo || branch)::uuid) STORED,
  repo             text        NOT NULL,
  branch           text        NOT NULL,
  time             timestamptz NOT NULL,
  report_id        uuid        NOT NULL,
  status           text        NOT NULL,
  score            double precision,
  ai_health_score  double precision,
  structural_score double precision,
  failures         bigint      NOT NULL,
  agent            text        NOT NULL,
  commit           text,
  version          text,
  PRIMARY KEY (tenant_id, name_key)
) WITH (fillfactor = 80);
CREATE INDEX health_repo_latest_repo ON plumbline.health_repo_latest (tenant_id, repo);

CREATE TABLE plumbline.health_agent_hours (
  tenant_id      uuid        NOT NULL,
  agent          text        NOT NULL,
  hour           timestamptz NOT NULL,
  traces         bigint      NOT NULL,
  decisions      bigint      NOT NULL,
  escalations    bigint      NOT NULL,
  matched        bigint      NOT NULL,
  session_starts bigint      NOT NULL,
  session_ends   bigint      NOT NULL,
  spans          bigint      NOT NULL,
  risk_count     bigint      NOT NULL,
  risk_sum       bigint      NOT NULL,
  risk_low       bigint      NOT NULL,
  risk_medium    bigint      NOT NULL,
  risk_high      bigint      NOT NULL,
  risk_critical  bigint      NOT NULL,
  risk_other     bigint      NOT NULL,
  latency_count  bigint      NOT NULL,
  latency_us     bigint      NOT NULL,
  risk_h0 bigint NOT NULL, risk_h1 bigint NOT NULL, risk_h2 bigint NOT NULL, risk_h3 bigint NOT NULL,
  risk_h4 bigint NOT NULL, risk_h5 bigint NOT NULL, risk_h6 bigint NOT NULL, risk_h7 bigint NOT NULL,
  risk_h8 bigint NOT NULL, risk_h9 bigint NOT NULL,
  latency_h0 bigint NOT NULL, latency_h1 bigint NOT NULL, latency_h2 bigint NOT NULL, latency_h3 bigint NOT NULL,
  latency_h4 bigint NOT NULL, latency_h5 bigint NOT NULL, latency_h6 bigint NOT NULL, latency_h7 bigint NOT NULL,
  latency_h8 bigint NOT NULL, latency_h9 bigint NOT NULL,
  PRIMARY KEY (tenant_id, agent, hour)
) WITH (fillfactor = 60);

CREATE TABLE plumbline.health_agent_decisions (
  tenant_id   uuid        NOT NULL,
  hour        timestamptz NOT NULL,
  name_key    uuid        NOT NULL GENERATED ALWAYS AS (md5(
    length(agent)::text || ':' || agent || length(policy_hash)::text || ':' || policy_hash || length(rule)::text || ':' || rule
    || action_type)::uuid) STORED,
  agent       text        NOT NULL,
  policy_hash text        NOT NULL,
  rule        text        NOT NULL,
  action_type text        NOT NULL,
  decisions   bigint      NOT NULL,
  PRIMARY KEY (tenant_id, hour, name_key)
) WITH (fillfactor = 60);

CREATE TABLE plumbline.health_agent_policies (
  tenant_id   uuid        NOT NULL,
  name_key    uuid        NOT NULL GENERATED ALWAYS AS (md5(length(agent)::text || ':' || agent || policy_hash)::uuid) STORED,
  agent       text        NOT NULL,
  policy_hash text        NOT NULL,
  first_time  timestamptz NOT NULL,
  last_time   timestamptz NOT NULL,
  decisions   bigint      NOT NULL,
  PRIMARY KEY (tenant_id, name_key)
) WITH (fillfactor = 60);
CREATE INDEX health_agent_policies_agent ON plumbline.health_agent_policies (tenant_id, agent);

CREATE TABLE plumbline.health_agent_latest (
  tenant_id uuid        NOT NULL,
  agent     text        NOT NULL,
  time      timestamptz NOT NULL,
  trace_id  uuid        NOT NULL,
  kind      text        NOT NULL,
  session   text,
  PRIMARY KEY (tenant_id, agent)
) WITH (fillfactor = 60);

-- Lines that might repeat one that is counted already, until persist has judged them: counted when persist stored this very
-- address, dropped when it did not.
CREATE TABLE plumbline.health_pending (
  topic         smallint    NOT NULL,
  log_partition integer     NOT NULL,
  log_offset    bigint      NOT NULL,
  log_index     integer     NOT NULL,
  tenant_id     uuid        NOT NULL,
  time          timestamptz NOT NULL,
  id            uuid        NOT NULL,
  line          text        COMPRESSION lz4 NOT NULL,
  PRIMARY KEY (topic, log_partition, log_offset, log_index, tenant_id)
);

-- What each partition's counted lines were, as far back as is kept: 16 bytes each.
CREATE TABLE plumbline.health_windows (
  topic         smallint    NOT NULL,
  log_partition integer     NOT NULL,
  seq           bigint      NOT NULL,
  received_max  timestamptz NOT NULL,
  fingerprints  bytea       NOT NULL,
  PRIMARY KEY (topic, log_partition, seq)
);
ALTER TABLE plumbline.health_windows ALTER COLUMN fingerprints SET STORAGE EXTERNAL;

CREATE TABLE plumbline.health_horizons (
  topic         smallint    NOT NULL,
  log_partition integer     NOT NULL,
  received_max  timestamptz NOT NULL,
  PRIMARY KEY (topic, log_partition)
) WITH (fillfactor = 50);

DO $$
DECLARE
  name text;
BEGIN
  FOREACH name IN ARRAY ARRAY['health_repo_hours', 'health_repo_failures', 'health_repo_latest', 'health_agent_hours',
                              'health_agent_decisions', 'health_agent_policies', 'health_agent_latest', 'health_pending'] LOOP
    EXECUTE format('ALTER TABLE plumbline.%I ENABLE ROW LEVEL SECURITY', name);
    EXECUTE format('ALTER TABLE plumbline.%I FORCE ROW LEVEL SECURITY', name);
    EXECUTE format('CREATE POLICY tenant_rows ON plumbline.%I TO plumbline_reader, plumbline_analyst, plumbline_owner
                    USING (tenant_id = (SELECT nullif(current_setting(''plumbline.tenant'', true), '''')::uuid))', name);
    EXECUTE format('CREATE POLICY writer_works ON plumbline.%I TO plumbline_writer USING (true) WITH CHECK (true)', name);
    EXECUTE format('GRANT SELECT ON plumbline.%I TO plumbline_reader, plumbline_analyst', name);
    EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON plumbline.%I TO plumbline_writer', name);
  END LOOP;
END
$$;
GRANT SELECT, INSERT, UPDATE, DELETE ON plumbline.health_windows, plumbline.health_horizons TO plumbline_writer;

COMMENT ON TABLE plumbline.health_repo_hours IS 'Reports of gate runs summed by repository and hour.';
COMMENT ON COLUMN plumbline.health_repo_hours.repo IS 'Repository; empty where reports name none.';
COMMENT ON COLUMN plumbline.health_repo_hours.runs IS 'Reports: passes + fails + skips + errors.';
COMMENT ON COLUMN plumbline.health_repo_hours.passes IS 'Reports with status PASS.';
COMMENT ON COLUMN plumbline.health_repo_hours.fails IS 'Reports with status FAIL.';
COMMENT ON COLUMN plumbline.health_repo_hours.skips IS 'Reports with status SKIP.';
COMMENT ON COLUMN plumbline.health_repo_hours.errors IS 'Reports with status ERROR.';
COMMENT ON COLUMN plumbline.health_repo_hours.failures IS 'Failures that the reports list; health_repo_failures has them by gate.';
COMMENT ON COLUMN plumbline.health_repo_hours.score_count IS 'Reports with a score.';
COMMENT ON COLUMN plumbline.health_repo_hours.score_milli IS 'Sum of their scores, in thousandths.';
COMMENT ON COLUMN plumbline.health_repo_hours.ai_count IS 'Reports with an AI health score.';
COMMENT ON COLUMN plumbline.health_repo_hours.ai_milli IS 'Sum of those, in thousandths.';
COMMENT ON COLUMN plumbline.health_repo_hours.structural_count IS 'Reports with a structural score.';
COMMENT ON COLUMN plumbline.health_repo_hours.structural_milli IS 'Sum of those, in thousandths.';
COMMENT ON COLUMN plumbline.health_repo_hours.duration_count IS 'Reports that say how long the run took.';
COMMENT ON COLUMN plumbline.health_repo_hours.duration_ms IS 'Sum of those, in milliseconds.';
COMMENT ON TABLE plumbline.health_repo_failures IS 'Failures of reports by repository, hour, gate, severity and provenance.';
COMMENT ON COLUMN plumbline.health_repo_failures.repo IS 'Repository; empty where reports name none.';
COMMENT ON COLUMN plumbline.health_repo_failures.gate IS 'Gate that failed (the failure''s id).';
COMMENT ON COLUMN plumbline.health_repo_failures.severity IS 'critical, high, medium, low, info; empty where none is said.';
COMMENT ON COLUMN plumbline.health_repo_failures.provenance IS 'Family of the gate; empty where none is said.';
COMMENT ON COLUMN plumbline.health_repo_failures.failures IS 'How many.';
COMMENT ON TABLE plumbline.health_repo_latest IS 'The newest report of each branch: the greatest (time, report_id).';
COMMENT ON COLUMN plumbline.health_repo_latest.repo IS 'Repository; empty where reports name none.';
COMMENT ON COLUMN plumbline.health_repo_latest.branch IS 'Branch; empty where reports name none.';
COMMENT ON COLUMN plumbline.health_repo_latest.time IS 'When the gate ran.';
COMMENT ON COLUMN plumbline.health_repo_latest.report_id IS 'The report.';
COMMENT ON COLUMN plumbline.health_repo_latest.status IS 'PASS, FAIL, SKIP or ERROR.';
COMMENT ON COLUMN plumbline.health_repo_latest.score IS 'Overall score, 0 to 100.';
COMMENT ON COLUMN plumbline.health_repo_latest.ai_health_score IS 'Score of what AI-written code tends to get wrong, 0 to 100.';
COMMENT ON COLUMN plumbline.health_repo_latest.structural_score IS 'Score of structure, 0 to 100.';
COMMENT ON COLUMN plumbline.health_repo_latest.failures IS 'Failures it lists.';
COMMENT ON COLUMN plumbline.health_repo_latest.agent IS 'Who sent it.';
COMMENT ON COLUMN plumbline.health_repo_latest.commit IS 'Commit that was checked.';
COMMENT ON COLUMN plumbline.health_repo_latest.version IS 'Version that was checked.';
COMMENT ON TABLE plumbline.health_agent_hours IS 'Traces summed by agent and hour.';
COMMENT ON COLUMN plumbline.health_agent_hours.agent IS 'Agent.';
COMMENT ON COLUMN plumbline.health_agent_hours.traces IS 'Traces of every kind.';
COMMENT ON COLUMN plumbline.health_agent_hours.decisions IS 'Decisions; health_agent_decisions has them by policy, rule and action.';
COMMENT ON COLUMN plumbline.health_agent_hours.escalations IS 'Decisions that asked a human: action_type require_human.';
COMMENT ON COLUMN plumbline.health_agent_hours.matched IS 'Decisions that a rule of the policy matched.';
COMMENT ON COLUMN plumbline.health_agent_hours.session_starts IS 'Sessions that said they start.';
COMMENT ON COLUMN plumbline.health_agent_hours.session_ends IS 'Sessions that said they end.';
COMMENT ON COLUMN plumbline.health_agent_hours.spans IS 'Spans.';
COMMENT ON COLUMN plumbline.health_agent_hours.risk_count IS 'Decisions with a risk score.';
COMMENT ON COLUMN plumbline.health_agent_hours.risk_sum IS 'Sum of their risk scores, 0 to 100 each.';
COMMENT ON COLUMN plumbline.health_agent_hours.risk_low IS 'Decisions of risk category low.';
COMMENT ON COLUMN plumbline.health_agent_hours.risk_medium IS 'Decisions of risk category medium.';
COMMENT ON COLUMN plumbline.health_agent_hours.risk_high IS 'Decisions of risk category high.';
COMMENT ON COLUMN plumbline.health_agent_hours.risk_critical IS 'Decisions of risk category critical.';
COMMENT ON COLUMN plumbline.health_agent_hours.risk_other IS 'Decisions of any other risk category.';
COMMENT ON COLUMN plumbline.health_agent_hours.latency_count IS 'Spans that say how long they took.';
COMMENT ON COLUMN plumbline.health_agent_hours.latency_us IS 'Sum of those, in microseconds, at most 1e12 each.';
COMMENT ON TABLE plumbline.health_agent_decisions IS 'Decisions by agent, hour, policy, matched rule and action: match rates are quotients of these.';
COMMENT ON COLUMN plumbline.health_agent_decisions.agent IS 'Agent.';
COMMENT ON COLUMN plumbline.health_agent_decisions.policy_hash IS 'Hash of the policy; empty where none is said.';
COMMENT ON COLUMN plumbline.health_agent_decisions.rule IS 'Rule that matched; empty where none did.';
COMMENT ON COLUMN plumbline.health_agent_decisions.action_type IS 'What was done: auto_reply, require_human, deny, notify_only.';
COMMENT ON COLUMN plumbline.health_agent_decisions.decisions IS 'How many.';
COMMENT ON TABLE plumbline.health_agent_policies IS 'Policies that each agent decided by, and when.';
COMMENT ON COLUMN plumbline.health_agent_policies.agent IS 'Agent.';
COMMENT ON COLUMN plumbline.health_agent_policies.policy_hash IS 'Hash of the policy; decisions without one are not here.';
COMMENT ON COLUMN plumbline.health_agent_policies.first_time IS 'Oldest decision by it.';
COMMENT ON COLUMN plumbline.health_agent_policies.last_time IS 'Newest decision by it.';
COMMENT ON COLUMN plumbline.health_agent_policies.decisions IS 'How many.';
COMMENT ON TABLE plumbline.health_agent_latest IS 'The newest trace of each agent: the greatest (time, trace_id).';
COMMENT ON COLUMN plumbline.health_agent_latest.agent IS 'Agent.';
COMMENT ON COLUMN plumbline.health_agent_latest.time IS 'When it happened.';
COMMENT ON COLUMN plumbline.health_agent_latest.trace_id IS 'The trace.';
COMMENT ON COLUMN plumbline.health_agent_latest.kind IS 'What it is: decision, session, span.';
COMMENT ON COLUMN plumbline.health_agent_latest.session IS 'Its session.';
COMMENT ON TABLE plumbline.health_pending IS 'Lines that wait to be counted until persist has told whether they repeat an older one.';
COMMENT ON COLUMN plumbline.health_pending.topic IS 'Address in the log: topic, see log_topics.';
COMMENT ON COLUMN plumbline.health_pending.log_partition IS 'Address in the log: partition.';
COMMENT ON COLUMN plumbline.health_pending.log_offset IS 'Address in the log: offset.';
COMMENT ON COLUMN plumbline.health_pending.log_index IS 'Address in the log: line of the frame.';
COMMENT ON COLUMN plumbline.health_pending.time IS 'When it happened.';
COMMENT ON COLUMN plumbline.health_pending.id IS 'The event''s id.';
COMMENT ON COLUMN plumbline.health_pending.line IS 'The event as it came.';
COMMENT ON TABLE plumbline.health_windows IS
  'Fingerprints of the lines counted last in each partition of the log, written with the counts: what is here is a repetition.';
COMMENT ON COLUMN plumbline.health_windows.topic IS 'Topic, see log_topics.';
COMMENT ON COLUMN plumbline.health_windows.log_partition IS 'Partition of the topic.';
COMMENT ON COLUMN plumbline.health_windows.seq IS 'Order of the pieces.';
COMMENT ON COLUMN plumbline.health_windows.received_max IS 'Latest receipt of a line in it.';
COMMENT ON COLUMN plumbline.health_windows.fingerprints IS '16 bytes for each line: a hash of (tenant, time, id).';
COMMENT ON TABLE plumbline.health_horizons IS 'How far back the window of a partition is blind; no row: it has everything that was ever counted.';
COMMENT ON COLUMN plumbline.health_horizons.topic IS 'Topic, see log_topics.';
COMMENT ON COLUMN plumbline.health_horizons.log_partition IS 'Partition of the topic.';
COMMENT ON COLUMN plumbline.health_horizons.received_max IS
  'Latest receipt of a counted line that is in the window no more. An event more than 300 s after it can have no older copy outside of the window.';
DO $$
DECLARE
  item record;
BEGIN
  FOR item IN
    SELECT c.oid::regclass AS relation, a.attname AS name,
      CASE a.attname WHEN 'tenant_id' THEN 'Tenant.' WHEN 'hour' THEN 'Hour of event time (UTC): its start.'
        WHEN 'name_key' THEN 'Hash of the names that are the key.'
        ELSE format('Histogram of %s: count of bucket %s, whose bounds the migration''s head says.',
                    split_part(a.attname, '_', 1), right(a.attname, 1)) END AS said
    FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0
    WHERE c.relnamespace = 'plumbline'::regnamespace AND c.relkind = 'r' AND c.relname LIKE 'health\_%'
      AND col_description(c.oid, a.attnum) IS NULL
  LOOP
    EXECUTE format('COMMENT ON COLUMN %s.%I IS %L', item.relation, item.name, item.said);
  END LOOP;
END
$$;
