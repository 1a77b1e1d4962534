-- Tenants, signing keys, the outbox and the audit log; and the two functions by which every later table is protected.

-- The tenant a session has chosen; NULL (no row matches) when the setting is missing, empty or no uuid. After SET LOCAL ends
-- the setting is '', and ''::uuid would raise an error.
CREATE FUNCTION plumbline.current_tenant() RETURNS uuid
LANGUAGE sql STABLE PARALLEL SAFE AS $$
  SELECT CASE WHEN current_setting('plumbline.tenant', true) ~ '^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$'
              THEN nullif(current_setting('plumbline.tenant', true), '')::uuid END
$$;

-- For each table that holds a tenant's rows. Forces row-level security (the owner too is bound), lets reader and analyst
-- read the chosen tenant's rows, and control read and delete them (export, erase). What the writer may do, the migration of
-- the table says itself: CREATE POLICY writer_insert ON t FOR INSERT TO plumbline_writer WITH CHECK (true), and its grants.
CREATE FUNCTION plumbline.protect_tenant_table(t regclass, tenant_column name DEFAULT 'tenant_id') RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
  EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', t);
  EXECUTE format('ALTER TABLE %s FORCE ROW LEVEL SECURITY', t);
  EXECUTE format('CREATE POLICY tenant_read ON %s FOR SELECT TO plumbline_reader, plumbline_analyst, plumbline_control '
                 'USING (%I = (SELECT plumbline.current_tenant()))', t, tenant_column);
  EXECUTE format('CREATE POLICY tenant_erase ON %s FOR DELETE TO plumbline_control '
                 'USING (%I = (SELECT plumbline.current_tenant()))', t, tenant_column);
  EXECUTE format('GRANT SELECT ON %s TO plumbline_reader, plumbline_analyst', t);
  EXECUTE format('GRANT SELECT, DELETE ON %s TO plumbline_control', t);
END
$$;

-- For each partition: queried directly it ignores its parent's policies, so it gets none, and no grant either.
CREATE FUNCTION plumbline.protect_partition(t regclass) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
  EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', t);
  EXECUTE format('ALTER TABLE %s FORCE ROW LEVEL SECURITY', t);
  EXECUTE format('REVOKE ALL ON %s FROM PUBLIC, plumbline_reader, plumbline_analyst, plumbline_writer, plumbline_control', t);
END
$$;
REVOKE EXECUTE ON FUNCTION plumbline.protect_tenant_table(regclass, name), plumbline.protect_partition(regclass) FROM PUBLIC;

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
  CONSTRAINT signing_keys_material CHECK (status = 'revoked' OR (algorithm = 'v1' AND sealed_secret IS NOT NULL AND public_key IS NULL)
                                          OR (algorithm = 'v1a' AND public_key IS NOT NULL AND sealed_secret IS NULL)),
  CONSTRAINT signing_keys_end CHECK (status <> 'retiring' OR not_after IS NOT NULL)
);
-- A key id stands in a request without its tenant, so it is unique everywhere. It is random (128 bits): the index tells nobody
-- anything that could be asked for. Only control inserts here.
CREATE UNIQUE INDEX signing_keys_key_id ON plumbline.signing_keys (key_id);

-- When a key was last seen on a stored frame: consumers move it forward, nobody else writes it.
CREATE TABLE plumbline.key_usage (
  tenant_id    uuid NOT NULL,
  key_id       text NOT NULL,
  last_used_at timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, key_id)
);

-- What is to be published to keys.v1, written in the transaction of the change itself. One publisher at a time takes rows by id and deletes
-- them after the log's durable ack.
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

-- Who sees what. Control works on tenants and keys of everybody; on other tables it sees the chosen tenant only.
ALTER TABLE plumbline.tenants ENABLE ROW LEVEL SECURITY;
ALTER TABLE plumbline.tenants FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_read ON plumbline.tenants FOR SELECT TO plumbline_reader, plumbline_analyst USING (id = (SELECT plumbline.current_tenant()));
CREATE POLICY control_all ON plumbline.tenants TO plumbline_control USING (true) WITH CHECK (true);
CREATE POLICY writer_retention ON plumbline.tenants FOR SELECT TO plumbline_writer USING (true);
GRANT SELECT ON plumbline.tenants TO plumbline_reader, plumbline_analyst;
GRANT SELECT, INSERT, UPDATE ON plumbline.tenants TO plumbline_control;
GRANT SELECT (id, status, retention_days) ON plumbline.tenants TO plumbline_writer;

ALTER TABLE plumbline.signing_keys ENABLE ROW LEVEL SECURITY;
ALTER TABLE plumbline.signing_keys FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_read ON plumbline.signing_keys FOR SELECT TO plumbline_reader, plumbline_analyst USING (tenant_id = (SELECT plumbline.current_tenant()));
CREATE POLICY control_all ON plumbline.signing_keys TO plumbline_control USING (true) WITH CHECK (true);
GRANT SELECT (tenant_id, key_id, algorithm, public_key, status, not_after, version, created_at, updated_at) ON plumbline.signing_keys
  TO plumbline_reader, plumbline_analyst;  -- not the sealed secret
GRANT SELECT, INSERT, UPDATE ON plumbline.signing_keys TO plumbline_control;

SELECT plumbline.protect_tenant_table('plumbline.key_usage');
CREATE POLICY writer_insert ON plumbline.key_usage FOR INSERT TO plumbline_writer WITH CHECK (true);
CREATE POLICY writer_update ON plumbline.key_usage FOR UPDATE TO plumbline_writer USING (true) WITH CHECK (true);
CREATE POLICY writer_read ON plumbline.key_usage FOR SELECT TO plumbline_writer USING (true);
CREATE POLICY control_read ON plumbline.key_usage FOR SELECT TO plumbline_control USING (true);
GRANT SELECT, INSERT, UPDATE ON plumbline.key_usage TO plumbline_writer;

ALTER TABLE plumbline.outbox ENABLE ROW LEVEL SECURITY;
ALTER TABLE plumbline.outbox FORCE ROW LEVEL SECURITY;
CREATE POLICY control_all ON plumbline.outbox TO plumbline_control USING (true) WITH CHECK (true);
GRANT SELECT, INSERT, DELETE ON plumbline.outbox TO plumbline_control;

ALTER TABLE plumbline.audit_log ENABLE ROW LEVEL SECURITY;
ALTER TABLE plumbline.audit_log FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_read ON plumbline.audit_log FOR SELECT TO plumbline_reader, plumbline_analyst USING (tenant_id = (SELECT plumbline.current_tenant()));
CREATE POLICY control_read ON plumbline.audit_log FOR SELECT TO plumbline_control USING (true);
CREATE POLICY control_insert ON plumbline.audit_log FOR INSERT TO plumbline_control WITH CHECK (true);
GRANT SELECT ON plumbline.audit_log TO plumbline_reader, plumbline_analyst;
GRANT SELECT, INSERT ON plumbline.audit_log TO plumbline_control;
