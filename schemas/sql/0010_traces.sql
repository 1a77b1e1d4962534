-- Traces: one row for each stored event, in day partitions of event time (UTC). docs/adr/0006-trace-layout.md says why so.

-- Which topic a row's address names; addresses keep the number, two bytes instead of nine.
CREATE TABLE plumbline.log_topics (
  id   smallint PRIMARY KEY,
  name text NOT NULL UNIQUE
);
INSERT INTO plumbline.log_topics VALUES (1, 'traces.v1'), (2, 'reports.v1'), (3, 'dead.v1'), (4, 'outcomes.v1');
GRANT SELECT ON plumbline.log_topics TO plumbline_control, plumbline_writer, plumbline_reader, plumbline_analyst;
COMMENT ON TABLE plumbline.log_topics IS 'Numbers of the log''s topics, as the addresses of rows use them.';
COMMENT ON COLUMN plumbline.log_topics.id IS 'Number of the topic in columns named topic.';
COMMENT ON COLUMN plumbline.log_topics.name IS 'Name of the topic in the log.';

CREATE TABLE plumbline.traces (
  time            timestamptz NOT NULL,
  tenant_id       uuid        NOT NULL,
  id              uuid        NOT NULL,
  digest          uuid        NOT NULL,
  received_at     timestamptz NOT NULL,
  log_offset      bigint      NOT NULL,
  log_partition   integer     NOT NULL,
  log_index       integer     NOT NULL,
  topic           smallint    NOT NULL,
  risk_score      integer,
  kind            text        NOT NULL,
  agent           text        NOT NULL,
  session         text,
  repo            text,
  branch          text,
  commit          text,
  version         text,
  action_type     text,
  confidence      text,
  prompt_type     text,
  autonomy_mode   text,
  risk_category   text,
  policy_hash     text,
  matched_rule_id text,
  payload         text COMPRESSION lz4 NOT NULL,
  PRIMARY KEY (time, tenant_id, id)
) PARTITION BY RANGE (time);

-- Equality on text is leakproof, so a reader under row-level security may use this index; an index on a hash function's
-- result could not be used.
CREATE INDEX traces_session ON plumbline.traces USING hash (session) WHERE session IS NOT NULL;

ALTER TABLE plumbline.traces ENABLE ROW LEVEL SECURITY;
ALTER TABLE plumbline.traces FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_rows ON plumbline.traces TO plumbline_reader, plumbline_analyst, plumbline_owner
  USING (tenant_id = (SELECT nullif(current_setting('plumbline.tenant', true), '')::uuid));
CREATE POLICY writer_inserts ON plumbline.traces FOR INSERT TO plumbline_writer WITH CHECK (true);
-- Only for the columns granted below: what telling a duplicate from a conflict takes.
CREATE POLICY writer_compares ON plumbline.traces FOR SELECT TO plumbline_writer USING (true);
GRANT SELECT ON plumbline.traces TO plumbline_reader, plumbline_analyst;
GRANT INSERT ON plumbline.traces TO plumbline_writer;
GRANT SELECT (time, tenant_id, id, digest, topic, log_partition, log_offset, log_index) ON plumbline.traces
  TO plumbline_writer;

COMMENT ON TABLE plumbline.traces IS
  'Every stored trace but reports, once: (tenant_id, id, time) is its identity. Partitioned by day of time (UTC).';
COMMENT ON COLUMN plumbline.traces.time IS 'When it happened, says the sender.';
COMMENT ON COLUMN plumbline.traces.tenant_id IS 'Tenant of the key that signed the request.';
COMMENT ON COLUMN plumbline.traces.id IS 'The event''s id, chosen by its sender; unique together with tenant_id and time.';
COMMENT ON COLUMN plumbline.traces.digest IS
  'First 16 bytes of SHA-256 over payload, written as a uuid: the same identity with another digest is a conflict.';
COMMENT ON COLUMN plumbline.traces.received_at IS 'When the edge received it.';
COMMENT ON COLUMN plumbline.traces.topic IS 'Address in the log: topic, see log_topics.';
COMMENT ON COLUMN plumbline.traces.log_partition IS 'Address in the log: partition of the topic.';
COMMENT ON COLUMN plumbline.traces.log_offset IS 'Address in the log: offset of the record (frame) in the partition.';
COMMENT ON COLUMN plumbline.traces.log_index IS 'Address in the log: line of the frame, from 0.';
COMMENT ON COLUMN plumbline.traces.kind IS 'What happened: decision, session, span, message, work_item, decision_log.';
COMMENT ON COLUMN plumbline.traces.agent IS 'Agent runtime that sent it, named by itself.';
COMMENT ON COLUMN plumbline.traces.session IS 'Session of the agent, named by itself.';
COMMENT ON COLUMN plumbline.traces.repo IS 'Repository it is about.';
COMMENT ON COLUMN plumbline.traces.branch IS 'Branch it is about.';
COMMENT ON COLUMN plumbline.traces.commit IS 'Commit it is about.';
COMMENT ON COLUMN plumbline.traces.version IS 'Version of the software it is about.';
COMMENT ON COLUMN plumbline.traces.action_type IS 'Decision: what the autopilot did (auto_reply, require_human, deny, notify_only).';
COMMENT ON COLUMN plumbline.traces.confidence IS 'Decision: how sure the prompt was recognised (high, medium, low).';
COMMENT ON COLUMN plumbline.traces.prompt_type IS 'Decision: kind of prompt (yes_no, confirm_enter, multiple_choice, free_text).';
COMMENT ON COLUMN plumbline.traces.autonomy_mode IS 'Decision: mode of the autopilot (off, assist, full).';
COMMENT ON COLUMN plumbline.traces.risk_score IS 'Decision: risk from 0 (none) to 100.';
COMMENT ON COLUMN plumbline.traces.risk_category IS 'Decision: risk in words (low, medium, high, critical).';
COMMENT ON COLUMN plumbline.traces.policy_hash IS 'Decision: hash of the policy that was evaluated.';
COMMENT ON COLUMN plumbline.traces.matched_rule_id IS 'Decision: rule of the policy that matched.';
COMMENT ON COLUMN plumbline.traces.payload IS 'The whole event as it came: validated JSON. See trace_events.payload for jsonb.';

-- The day's partition, made when its first row comes. Callable by the writer, who owns nothing; nothing is granted on partitions,
-- so they can't be read around the parent's policies. Days are bounded, so a broken clock can't make endless tables:
-- limits::kRetentionDaysMax back (and 31 for a log that is read late), two ahead (300 s over midnight, and clocks).
CREATE FUNCTION plumbline.ensure_partition(day date) RETURNS boolean
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
  EXECUTE format('ALTER TABLE plumbline.traces ATTACH PARTITION plumbline.%I FOR VALUES FROM (%L) TO (%L)', name,
                 to_char(day, 'YYYY-MM-DD') || ' 00:00:00+00', to_char(day + 1, 'YYYY-MM-DD') || ' 00:00:00+00');
  RETURN true;
END
$$;
REVOKE ALL ON FUNCTION plumbline.ensure_partition(date) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION plumbline.ensure_partition(date) TO plumbline_writer;
COMMENT ON FUNCTION plumbline.ensure_partition(date) IS
  'Makes the partition of traces for a day (UTC); true when it was not there. Refuses days outside of any retention.';
