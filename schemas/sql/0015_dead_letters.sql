-- What a consumer could not take, with its reason and position; each at most once. Also published to dead.v1.
CREATE TABLE plumbline.dead_letters (
  consumer    text        NOT NULL,
  topic       text        NOT NULL,
  partition   integer     NOT NULL,
  log_offset  bigint      NOT NULL,
  log_index   integer     NOT NULL,
  reason      text        NOT NULL,
  detail      text        NOT NULL,
  tenant_id   uuid,
  agent       text,
  key_id      text,
  received_at timestamptz,
  body        text COMPRESSION lz4 NOT NULL,
  noted_at    timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (consumer, topic, partition, log_offset, log_index)
);
CREATE INDEX dead_letters_tenant ON plumbline.dead_letters (tenant_id, noted_at);
ALTER TABLE plumbline.dead_letters ENABLE ROW LEVEL SECURITY;
ALTER TABLE plumbline.dead_letters FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_rows ON plumbline.dead_letters TO plumbline_reader, plumbline_analyst, plumbline_owner
  USING (tenant_id = (SELECT nullif(current_setting('plumbline.tenant', true), '')::uuid));
CREATE POLICY writer_inserts ON plumbline.dead_letters FOR INSERT TO plumbline_writer WITH CHECK (true);
CREATE POLICY writer_compares ON plumbline.dead_letters FOR SELECT TO plumbline_writer USING (true);
-- Operators work on dead letters of every tenant, and of none: what can't be authenticated belongs to no tenant.
CREATE POLICY operator_rows ON plumbline.dead_letters FOR SELECT TO plumbline_control USING (true);
GRANT SELECT ON plumbline.dead_letters TO plumbline_reader, plumbline_analyst, plumbline_control;
GRANT INSERT ON plumbline.dead_letters TO plumbline_writer;
GRANT SELECT (consumer, topic, partition, log_offset, log_index) ON plumbline.dead_letters TO plumbline_writer;

COMMENT ON TABLE plumbline.dead_letters IS 'Traces that a consumer could not take, once for each consumer and address.';
COMMENT ON COLUMN plumbline.dead_letters.consumer IS 'Consumer that gave up on it.';
COMMENT ON COLUMN plumbline.dead_letters.topic IS 'Address in the log: topic.';
COMMENT ON COLUMN plumbline.dead_letters.partition IS 'Address in the log: partition.';
COMMENT ON COLUMN plumbline.dead_letters.log_offset IS 'Address in the log: offset.';
COMMENT ON COLUMN plumbline.dead_letters.log_index IS 'Address in the log: line of the frame; -1 for the whole frame.';
COMMENT ON COLUMN plumbline.dead_letters.reason IS 'Why, as one word: conflict, bad_frame, schema, invalid_json, an SQLSTATE...';
COMMENT ON COLUMN plumbline.dead_letters.detail IS 'Why, for people; never holds a payload.';
COMMENT ON COLUMN plumbline.dead_letters.tenant_id IS 'Tenant, where the frame names one.';
COMMENT ON COLUMN plumbline.dead_letters.agent IS 'Agent, where the frame names one.';
COMMENT ON COLUMN plumbline.dead_letters.key_id IS 'Key that signed, where the frame names one.';
COMMENT ON COLUMN plumbline.dead_letters.received_at IS 'Receipt at the edge, where the frame says.';
COMMENT ON COLUMN plumbline.dead_letters.body IS 'The line or frame as it came; base64: before what is not plain UTF-8 text.';
COMMENT ON COLUMN plumbline.dead_letters.noted_at IS 'When it was given up on.';
