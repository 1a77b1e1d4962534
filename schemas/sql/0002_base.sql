-- Tenants, signing keys, the outbox and the audit log.
--
-- Row-level security everywhere: reader, analyst and owner see the rows of the tenant in the setting plumbline.tenant; nullif
-- because after SET LOCAL ends the setting is '', and ''::uuid would raise an error. The owner's policy is for export and
-- erase. Control works on tenants and keys of everybody and on no other table of theirs.

CREATE TABLE plumbline.tenants (
  id                 uuid PRIMARY KEY,
  slug               text NOT NULL UNIQUE CHECK (slug ~ '^[a-z0-9][a-z0-9-]{0,62}$'),
  name               text NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
  status             text NOT NULL DEFAULT 'active' CHECK (status IN ('active', 'suspended', 'erased')),
  retention_days     integer NOT NULL DEFAULT 400 CHECK (retention_days BETWEEN 1 AND 3660),
  traces_per_s       integer NOT NULL DEFAULT 2000 CHECK (traces_per_s BETWEEN 1 AND 1000000),
  burst              integer NOT NULL DEFAULT 20000 CHECK (burst BETWEEN 1 AND 10000000),
  agent_traces_per_s integer NOT NULL DEFAULT 1000 CHECK (agent_traces_per_s BETWEEN 1 AND 1000000),
  agent_burst        integer NOT NULL DEFAULT 10000 CHECK (agent_burst BETWEEN 1 AND 10000000),
  version            bigint NOT NULL DEFAULT 1,
  created_at         timestamptz NOT NULL DEFAULT now(),
  updated_at         timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE plumbline.signing_keys (
  tenant_id     uuid NOT NULL REFERENCES plumbline.tenants (id),
  key_id        text NOT NULL CHECK (key_id ~ '^[A-Za-z0-9_-]{1,64}$'),
  algorithm     text NOT NULL CHECK (algorithm IN ('v1', 'v1a')),
  sealed_secret bytea,  -- v1: sealed under the master key, bound to tenant and key id
  public_key    bytea,  -- v1a: Ed25519
  status        text NOT NULL DEFAULT 'active' CHECK (status IN ('active', 'retiring', 'revoked')),
  not_after     timestamptz,
  version       bigint NOT NULL DEFAULT 1,
  created_at    timestamptz NOT NULL DEFAULT now(),
  updated_at    timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (tenant_id, key_id),
  CONSTRAINT signing_keys_material CHECK (
    status = 'revoked' OR (algorithm = 'v1' AND sealed_secret IS NOT NULL AND public_key IS NULL)
    OR (algorithm = 'v1a' AND public_key IS NOT NULL AND sealed_secret IS NULL)),
  CONSTRAINT signing_keys_end CHECK (status <> 'retiring' OR not_after IS NOT NULL)
);
-- A key id stands in a request without its tenant, so it is unique everywhere. It is random (128 bits): the index tells
-- nobody anything that could be asked for. Only control inserts here.
CREATE UNIQUE INDEX signing_keys_key_id ON plumbline.signing_keys (key_id);

-- When a key was last seen on a stored frame: consumers move it forward, nobody else writes it.
CREATE TABLE plumbline.key_usage (
  tenant_id    uuid NOT NULL,
  key_id       text NOT NULL,
  last_used_at timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, key_id)
);

-- What is to be published to keys.v1, written in the transaction of the change itself. One publisher at a time takes rows
-- by id and deletes them after the log's durable ack.
CREATE TABLE plumbline.outbox (
  id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  topic      text NOT NULL,
  key        text NOT NULL,
  value      text NOT NULL,  -- empty: a tombstone
  created_at timestamptz NOT NULL DEFAULT now()
);
CREATE FUNCTION plumbline.outbox_notify() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_notify('plumbline_outbox', '');
  RETURN NULL;
END
$$;
CREATE TRIGGER outbox_notify AFTER INSERT ON plumbline.outbox FOR EACH STATEMENT EXECUTE FUNCTION plumbline.outbox_notify();

-- Who changed what; never a payload or a secret. Lines stay when a tenant is erased.
CREATE TABLE plumbline.audit_log (
  id        bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  at        timestamptz NOT NULL DEFAULT now(),
  tenant_id uuid,  -- null: concerns the installation
  actor     text NOT NULL,
  action    text NOT NULL,
  subject   text NOT NULL,
  detail    jsonb NOT NULL DEFAULT '{}'
);
CREATE INDEX audit_log_tenant ON plumbline.audit_log (tenant_id, at);
CREATE FUNCTION plumbline.refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION '% is append-only', TG_TABLE_NAME;
END
$$;
CREATE TRIGGER audit_log_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON plumbline.audit_log
  FOR EACH STATEMENT EXECUTE FUNCTION plumbline.refuse_change();

-- Who sees what.
ALTER TABLE plumbline.tenants ENABLE ROW LEVEL SECURITY;
ALTER TABLE plumbline.tenants FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_rows ON plumbline.tenants TO plumbline_reader, plumbline_analyst, plumbline_owner
  USING (id = (SELECT nullif(current_setting('plumbline.tenant', true), '')::uuid));
CREATE POLICY control_all ON plumbline.tenants TO plumbline_control USING (true) WITH CHECK (true);
CREATE POLICY writer_retention ON plumbline.tenants FOR SELECT TO plumbline_writer USING (true);
GRANT SELECT ON plumbline.tenants TO plumbline_reader, plumbline_analyst;
GRANT SELECT, INSERT, UPDATE ON plumbline.tenants TO plumbline_control;
GRANT SELECT (id, status, retention_days) ON plumbline.tenants TO plumbline_writer;

ALTER TABLE plumbline.signing_keys ENABLE ROW LEVEL SECURITY;
ALTER TABLE plumbline.signing_keys FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_rows ON plumbline.signing_keys TO plumbline_reader, plumbline_analyst, plumbline_owner
  USING (tenant_id = (SELECT nullif(current_setting('plumbline.tenant', true), '')::uuid));
CREATE POLICY control_all ON plumbline.signing_keys TO plumbline_control USING (true) WITH CHECK (true);
GRANT SELECT (tenant_id, key_id, algorithm, public_key, status, not_after, version, created_at, updated_at)
  ON plumbline.signing_keys TO plumbline_reader, plumbline_analyst;  -- not the sealed secret
GRANT SELECT, INSERT, UPDATE ON plumbline.signing_keys TO plumbline_control;

ALTER TABLE plumbline.key_usage ENABLE ROW LEVEL SECURITY;
ALTER TABLE plumbline.key_usage FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_rows ON plumbline.key_usage TO plumbline_reader, plumbline_analyst, plumbline_owner
  USING (tenant_id = (SELECT nullif(current_setting('plumbline.tenant', true), '')::uuid));
CREATE POLICY writer_insert ON plumbline.key_usage FOR INSERT TO plumbline_writer WITH CHECK (true);
CREATE POLICY writer_update ON plumbline.key_usage FOR UPDATE TO plumbline_writer USING (true) WITH CHECK (true);
CREATE POLICY writer_read ON plumbline.key_usage FOR SELECT TO plumbline_writer USING (true);
CREATE POLICY control_read ON plumbline.key_usage FOR SELECT TO plumbline_control USING (true);
GRANT SELECT ON plumbline.key_usage TO plumbline_reader, plumbline_analyst, plumbline_control;
GRANT SELECT, INSERT, UPDATE ON plumbline.key_usage TO plumbline_writer;

ALTER TABLE plumbline.outbox ENABLE ROW LEVEL SECURITY;
ALTER TABLE plumbline.outbox FORCE ROW LEVEL SECURITY;
CREATE POLICY control_all ON plumbline.outbox TO plumbline_control USING (true) WITH CHECK (true);
GRANT SELECT, INSERT, DELETE ON plumbline.outbox TO plumbline_control;

ALTER TABLE plumbline.audit_log ENABLE ROW LEVEL SECURITY;
ALTER TABLE plumbline.audit_log FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_rows ON plumbline.audit_log TO plumbline_reader, plumbline_analyst, plumbline_owner
  USING (tenant_id = (SELECT nullif(current_setting('plumbline.tenant', true), '')::uuid));
CREATE POLICY control_read ON plumbline.audit_log FOR SELECT TO plumbline_control USING (true);
CREATE POLICY control_insert ON plumbline.audit_log FOR INSERT TO plumbline_control WITH CHECK (true);
GRANT SELECT ON plumbline.audit_log TO plumbline_reader, plumbline_analyst;
GRANT SELECT, INSERT ON plumbline.audit_log TO plumbline_control;

COMMENT ON TABLE plumbline.tenants IS 'Who sends: every key, row and header belongs to one of these.';
COMMENT ON COLUMN plumbline.tenants.id IS 'The tenant''s id, on every row and every record key.';
COMMENT ON COLUMN plumbline.tenants.slug IS 'Short name for command lines and addresses.';
COMMENT ON COLUMN plumbline.tenants.name IS 'Name for people.';
COMMENT ON COLUMN plumbline.tenants.status IS
  'active; suspended: the edge refuses its requests; erased: rows deleted, keys revoked, for ever.';
COMMENT ON COLUMN plumbline.tenants.retention_days IS 'Events older than this are refused at the edge and deleted here.';
COMMENT ON COLUMN plumbline.tenants.traces_per_s IS 'Rate at which the tenant''s token bucket at each edge fills.';
COMMENT ON COLUMN plumbline.tenants.burst IS 'Size of that bucket: at least the traces of one request.';
COMMENT ON COLUMN plumbline.tenants.agent_traces_per_s IS 'Rate at which each of its agents'' token buckets fills.';
COMMENT ON COLUMN plumbline.tenants.agent_burst IS 'Size of that bucket.';
COMMENT ON COLUMN plumbline.tenants.version IS 'Rises with every change; readers of keys.v1 ignore a lower or equal one.';
COMMENT ON COLUMN plumbline.tenants.created_at IS 'When it was made.';
COMMENT ON COLUMN plumbline.tenants.updated_at IS 'When it changed last.';
COMMENT ON TABLE plumbline.signing_keys IS 'Keys with which a tenant''s clients sign requests. Secrets are sealed under the master key.';
COMMENT ON COLUMN plumbline.signing_keys.tenant_id IS 'Tenant of the key, and so of everything it signs.';
COMMENT ON COLUMN plumbline.signing_keys.key_id IS 'Public name of the key, sent with each request.';
COMMENT ON COLUMN plumbline.signing_keys.algorithm IS 'Standard Webhooks: v1 HMAC-SHA256, v1a Ed25519.';
COMMENT ON COLUMN plumbline.signing_keys.sealed_secret IS 'v1: the secret, sealed and bound to tenant and key id.';
COMMENT ON COLUMN plumbline.signing_keys.public_key IS 'v1a: 32 bytes.';
COMMENT ON COLUMN plumbline.signing_keys.status IS 'active; retiring: valid until not_after; revoked: refused.';
COMMENT ON COLUMN plumbline.signing_keys.not_after IS 'End of validity; null while there is none.';
COMMENT ON COLUMN plumbline.signing_keys.version IS 'Rises with every change; readers of keys.v1 ignore a lower or equal one.';
COMMENT ON COLUMN plumbline.signing_keys.created_at IS 'When it was made.';
COMMENT ON COLUMN plumbline.signing_keys.updated_at IS 'When it changed last.';
COMMENT ON TABLE plumbline.key_usage IS 'When each key last signed something that was stored.';
COMMENT ON COLUMN plumbline.key_usage.tenant_id IS 'Tenant of the key.';
COMMENT ON COLUMN plumbline.key_usage.key_id IS 'The key.';
COMMENT ON COLUMN plumbline.key_usage.last_used_at IS 'Receipt time of the newest frame signed with it.';
COMMENT ON TABLE plumbline.outbox IS 'Changes of tenants and keys on their way to keys.v1; empty when all is published.';
COMMENT ON COLUMN plumbline.outbox.id IS 'Order of publication.';
COMMENT ON COLUMN plumbline.outbox.topic IS 'Topic of the log.';
COMMENT ON COLUMN plumbline.outbox.key IS 'Key of the record.';
COMMENT ON COLUMN plumbline.outbox.value IS 'The record as JSON; secrets in it are sealed. Empty: a tombstone.';
COMMENT ON COLUMN plumbline.outbox.created_at IS 'When the change was made.';
COMMENT ON TABLE plumbline.audit_log IS 'Who changed what; only ever added to.';
COMMENT ON COLUMN plumbline.audit_log.id IS 'Order.';
COMMENT ON COLUMN plumbline.audit_log.at IS 'When.';
COMMENT ON COLUMN plumbline.audit_log.tenant_id IS 'Tenant concerned; null: the installation.';
COMMENT ON COLUMN plumbline.audit_log.actor IS 'Who: an operating-system or signed-in user.';
COMMENT ON COLUMN plumbline.audit_log.action IS 'What: tenant.create, key.rotate, ...';
COMMENT ON COLUMN plumbline.audit_log.subject IS 'On what: a tenant''s slug, a key id.';
COMMENT ON COLUMN plumbline.audit_log.detail IS 'Changed values; never a payload or a secret.';
COMMENT ON TABLE plumbline.schema_migrations IS 'Migrations that ran, each once.';
COMMENT ON COLUMN plumbline.schema_migrations.version IS 'Number of the file.';
COMMENT ON COLUMN plumbline.schema_migrations.name IS 'Name of the file.';
COMMENT ON COLUMN plumbline.schema_migrations.checksum IS 'SHA-256 of the file; a changed file is refused.';
COMMENT ON COLUMN plumbline.schema_migrations.applied_at IS 'When it ran.';
