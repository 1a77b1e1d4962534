-- The ledger (DESIGN: "The ledger"): what edges said they did, what persist did, and whether the two agree.
CREATE TABLE plumbline.ledger (
  tenant_id uuid        NOT NULL,
  minute    timestamptz NOT NULL,
  run_id    uuid        NOT NULL,
  topic     smallint    NOT NULL,
  partition integer     NOT NULL,
  appended  bigint      NOT NULL,
  stored    bigint      NOT NULL,
  duplicate bigint      NOT NULL,
  conflict  bigint      NOT NULL,
  dead      bigint      NOT NULL,
  PRIMARY KEY (tenant_id, minute, run_id, topic, partition)
) WITH (fillfactor = 80);

CREATE TABLE plumbline.edge_outcomes (
  tenant_id uuid        NOT NULL,
  minute    timestamptz NOT NULL,
  run_id    uuid        NOT NULL,
  received  bigint      NOT NULL,
  accepted  bigint      NOT NULL,
  PRIMARY KEY (tenant_id, minute, run_id)
) WITH (fillfactor = 80);

CREATE TABLE plumbline.edge_reasons (
  tenant_id uuid        NOT NULL,
  minute    timestamptz NOT NULL,
  run_id    uuid        NOT NULL,
  outcome   text        NOT NULL CHECK (outcome IN ('rejected', 'refused')),
  reason    text        NOT NULL,
  traces    bigint      NOT NULL,
  PRIMARY KEY (tenant_id, minute, run_id, outcome, reason)
) WITH (fillfactor = 80);

-- Frames are numbered densely per (run, topic, partition): what is missing in between was written and lost, or never became durable.
CREATE TABLE plumbline.frame_sequences (
  topic    smallint    NOT NULL,
  partition integer    NOT NULL,
  run_id   uuid        NOT NULL,
  next_seq bigint      NOT NULL,
  seen_at  timestamptz NOT NULL,
  PRIMARY KEY (topic, partition, run_id)
) WITH (fillfactor = 50);

CREATE TABLE plumbline.log_holes (
  topic      smallint    NOT NULL,
  partition  integer     NOT NULL,
  run_id     uuid        NOT NULL,
  first_seq  bigint      NOT NULL,
  frames     bigint      NOT NULL CHECK (frames > 0),
  log_offset bigint      NOT NULL,
  noticed_at timestamptz NOT NULL,
  PRIMARY KEY (topic, partition, run_id, first_seq)
);
CREATE INDEX log_holes_run ON plumbline.log_holes (run_id);

DO $$
DECLARE
  name text;
BEGIN
  FOREACH name IN ARRAY ARRAY['ledger', 'edge_outcomes', 'edge_reasons'] LOOP
    EXECUTE format('ALTER TABLE plumbline.%I ENABLE ROW LEVEL SECURITY', name);
    EXECUTE format('ALTER TABLE plumbline.%I FORCE ROW LEVEL SECURITY', name);
    EXECUTE format('CREATE POLICY tenant_rows ON plumbline.%I TO plumbline_reader, plumbline_analyst, plumbline_owner
                    USING (tenant_id = (SELECT nullif(current_setting(''plumbline.tenant'', true), '''')::uuid))', name);
    EXECUTE format('CREATE POLICY writer_counts ON plumbline.%I TO plumbline_writer USING (true) WITH CHECK (true)', name);
    EXECUTE format('GRANT SELECT ON plumbline.%I TO plumbline_reader, plumbline_analyst', name);
    EXECUTE format('GRANT SELECT, INSERT, UPDATE ON plumbline.%I TO plumbline_writer', name);
  END LOOP;
END
$$;
GRANT SELECT, INSERT, UPDATE, DELETE ON plumbline.frame_sequences TO plumbline_writer;
GRANT SELECT, INSERT ON plumbline.log_holes TO plumbline_writer;
GRANT SELECT ON plumbline.log_holes TO plumbline_control, plumbline_reader, plumbline_analyst;

COMMENT ON TABLE plumbline.ledger IS
  'What persist did with every trace it found in the log, by tenant, minute of receipt, edge run and partition.';
COMMENT ON COLUMN plumbline.ledger.tenant_id IS 'Tenant of the traces.';
COMMENT ON COLUMN plumbline.ledger.minute IS 'Minute of receipt at the edge.';
COMMENT ON COLUMN plumbline.ledger.run_id IS 'Edge worker of one process life that received them.';
COMMENT ON COLUMN plumbline.ledger.topic IS 'Topic they were in, see log_topics.';
COMMENT ON COLUMN plumbline.ledger.partition IS 'Partition they were in.';
COMMENT ON COLUMN plumbline.ledger.appended IS 'Traces found in the log: stored + duplicate + conflict + dead.';
COMMENT ON COLUMN plumbline.ledger.stored IS 'Traces that became a row.';
COMMENT ON COLUMN plumbline.ledger.duplicate IS 'Traces whose identity and digest were stored already.';
COMMENT ON COLUMN plumbline.ledger.conflict IS 'Traces whose identity was stored already with another digest: dead-lettered.';
COMMENT ON COLUMN plumbline.ledger.dead IS 'Traces that could not be stored: dead-lettered with their reason.';
COMMENT ON TABLE plumbline.edge_outcomes IS 'What edges said they did (outcomes.v1), by tenant, minute of receipt and edge run.';
COMMENT ON COLUMN plumbline.edge_outcomes.tenant_id IS 'Tenant of the key that signed.';
COMMENT ON COLUMN plumbline.edge_outcomes.minute IS 'Minute of receipt at the edge.';
COMMENT ON COLUMN plumbline.edge_outcomes.run_id IS 'Edge worker of one process life.';
COMMENT ON COLUMN plumbline.edge_outcomes.received IS 'Traces received: accepted + rejected + refused.';
COMMENT ON COLUMN plumbline.edge_outcomes.accepted IS 'Traces answered 2xx after the log had them durably.';
COMMENT ON TABLE plumbline.edge_reasons IS 'Why edges did not accept traces, by tenant, minute of receipt and edge run.';
COMMENT ON COLUMN plumbline.edge_reasons.tenant_id IS 'Tenant of the key that signed.';
COMMENT ON COLUMN plumbline.edge_reasons.minute IS 'Minute of receipt at the edge.';
COMMENT ON COLUMN plumbline.edge_reasons.run_id IS 'Edge worker of one process life.';
COMMENT ON COLUMN plumbline.edge_reasons.outcome IS 'rejected: wrong, will never be accepted; refused: 429 or 503, may be sent again.';
COMMENT ON COLUMN plumbline.edge_reasons.reason IS 'The reason by name, as in the HTTP answer.';
COMMENT ON COLUMN plumbline.edge_reasons.traces IS 'How many traces.';
COMMENT ON TABLE plumbline.frame_sequences IS 'Next frame number expected of each edge run in each partition.';
COMMENT ON COLUMN plumbline.frame_sequences.topic IS 'Topic, see log_topics.';
COMMENT ON COLUMN plumbline.frame_sequences.partition IS 'Partition of the topic.';
COMMENT ON COLUMN plumbline.frame_sequences.run_id IS 'Edge worker of one process life.';
COMMENT ON COLUMN plumbline.frame_sequences.next_seq IS 'Number the run''s next frame in this partition should have.';
COMMENT ON COLUMN plumbline.frame_sequences.seen_at IS 'Receipt time of the run''s last frame in this partition.';
COMMENT ON TABLE plumbline.log_holes IS 'Frame numbers that an edge run gave and that never came: lost, or never durable (the client was told 503).';
COMMENT ON COLUMN plumbline.log_holes.topic IS 'Topic, see log_topics.';
COMMENT ON COLUMN plumbline.log_holes.partition IS 'Partition of the topic.';
COMMENT ON COLUMN plumbline.log_holes.run_id IS 'Edge worker of one process life.';
COMMENT ON COLUMN plumbline.log_holes.first_seq IS 'First missing number.';
COMMENT ON COLUMN plumbline.log_holes.frames IS 'How many numbers in a row are missing.';
COMMENT ON COLUMN plumbline.log_holes.log_offset IS 'Offset of the frame behind the hole.';
COMMENT ON COLUMN plumbline.log_holes.noticed_at IS 'Receipt time of the frame behind the hole.';

-- Balanced per (run, minute) first, so that what one run lacks is not hidden by what another has too much.
CREATE VIEW plumbline.ledger_minutes WITH (security_invoker = true) AS
WITH log AS (
  SELECT tenant_id, minute, run_id, sum(appended)::bigint AS appended, sum(stored)::bigint AS stored,
         sum(duplicate)::bigint AS duplicate, sum(conflict)::bigint AS conflict, sum(dead)::bigint AS dead
  FROM plumbline.ledger GROUP BY tenant_id, minute, run_id
), reason AS (
  SELECT tenant_id, minute, run_id, coalesce(sum(traces) FILTER (WHERE outcome = 'rejected'), 0)::bigint AS rejected,
         coalesce(sum(traces) FILTER (WHERE outcome = 'refused'), 0)::bigint AS refused
  FROM plumbline.edge_reasons GROUP BY tenant_id, minute, run_id
), edge AS (
  SELECT tenant_id, minute, run_id, e.received, e.accepted, coalesce(r.rejected, 0) AS rejected,
         coalesce(r.refused, 0) AS refused
  FROM plumbline.edge_outcomes e LEFT JOIN reason r USING (tenant_id, minute, run_id)
), both_sides AS (
  SELECT tenant_id, minute, run_id, coalesce(edge.received, 0) AS received, coalesce(edge.accepted, 0) AS accepted,
         coalesce(edge.rejected, 0) AS rejected, coalesce(edge.refused, 0) AS refused,
         coalesce(log.appended, 0) AS appended, coalesce(log.stored, 0) AS stored,
         coalesce(log.duplicate, 0) AS duplicate, coalesce(log.conflict, 0) AS conflict, coalesce(log.dead, 0) AS dead
  FROM edge FULL JOIN log USING (tenant_id, minute, run_id)
), missing AS (
  SELECT *, greatest(accepted - appended, 0) AS missing,
         EXISTS (SELECT FROM plumbline.log_holes h WHERE h.run_id = both_sides.run_id)
         OR EXISTS (SELECT FROM plumbline.log_losses l WHERE l.consumer = 'persist' AND l.noticed_at >= minute) AS gone
  FROM both_sides
)
SELECT tenant_id, minute, run_id, received, accepted, rejected, refused, appended, stored, duplicate, conflict, dead,
       CASE WHEN gone THEN 0 ELSE missing END AS in_flight,
       greatest(appended - accepted, 0) AS unconfirmed,
       CASE WHEN gone THEN missing ELSE 0 END AS lost
FROM missing;

CREATE VIEW plumbline.ledger_balance WITH (security_invoker = true) AS
SELECT tenant_id, sum(received)::bigint AS received, sum(accepted)::bigint AS accepted, sum(rejected)::bigint AS rejected,
       sum(refused)::bigint AS refused, sum(appended)::bigint AS appended, sum(stored)::bigint AS stored,
       sum(duplicate)::bigint AS duplicate, sum(conflict)::bigint AS conflict, sum(dead)::bigint AS dead,
       sum(in_flight)::bigint AS in_flight, sum(unconfirmed)::bigint AS unconfirmed, sum(lost)::bigint AS lost,
       coalesce(sum(in_flight) FILTER (WHERE minute < now() - interval '3 minutes'), 0)::bigint AS overdue,
       bool_and(received = accepted + rejected + refused OR received = 0)
         AND bool_and(appended = stored + duplicate + conflict + dead)
         AND sum(in_flight) = 0 AND sum(lost) = 0 AS balanced
FROM plumbline.ledger_minutes GROUP BY tenant_id;
GRANT SELECT ON plumbline.ledger_minutes, plumbline.ledger_balance TO plumbline_reader, plumbline_analyst;

COMMENT ON VIEW plumbline.ledger_minutes IS 'Both sides of the ledger for each minute of receipt and edge run.';
COMMENT ON VIEW plumbline.ledger_balance IS
  'Both sides of the ledger for each tenant: received = accepted + rejected + refused at the edge; accepted + unconfirmed - in_flight - lost = appended = stored + duplicate + conflict + dead in the log.';
DO $$
DECLARE
  view_name text;
  item text[];
BEGIN
  FOREACH view_name IN ARRAY ARRAY['ledger_minutes', 'ledger_balance'] LOOP
    FOREACH item SLICE 1 IN ARRAY ARRAY[
      ['tenant_id', 'Tenant.'],
      ['received', 'At the edge: traces of authenticated requests.'],
      ['accepted', 'At the edge: answered 2xx after the log had them durably.'],
      ['rejected', 'At the edge: wrong, will never be accepted (reasons in edge_reasons).'],
      ['refused', 'At the edge: answered 429 or 503, may be sent again (reasons in edge_reasons).'],
      ['appended', 'In the log: traces that persist found and committed.'],
      ['stored', 'In the log: became a row.'],
      ['duplicate', 'In the log: identity and digest were stored already.'],
      ['conflict', 'In the log: identity was stored already with another digest; dead-lettered.'],
      ['dead', 'In the log: could not be stored; dead-lettered.'],
      ['in_flight', 'Accepted and not committed by persist yet.'],
      ['unconfirmed', 'In the log although the client was not told 2xx, or the edge has not published its count yet.'],
      ['lost', 'Accepted, not committed, and a hole or a loss in the log says that it will not come.']] LOOP
      EXECUTE format('COMMENT ON COLUMN plumbline.%I.%I IS %L', view_name, item[1], item[2]);
    END LOOP;
  END LOOP;
END
$$;
COMMENT ON COLUMN plumbline.ledger_minutes.minute IS 'Minute of receipt at the edge.';
COMMENT ON COLUMN plumbline.ledger_minutes.run_id IS 'Edge worker of one process life.';
COMMENT ON COLUMN plumbline.ledger_balance.overdue IS 'In flight although received more than three minutes ago: an alarm.';
COMMENT ON COLUMN plumbline.ledger_balance.balanced IS 'Both equations hold and nothing is in flight or lost.';
