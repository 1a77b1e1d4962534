-- Roles, the schema and the table that remembers migrations. Runs as the login role; every later file as plumbline_owner.
--
--   plumbline_owner    owns everything, nobody logs in as it
--   plumbline_control  tenants, keys and the outbox: the command line and the outbox publisher
--   plumbline_writer   consumers: inserts rows of any tenant, reads no tenant's rows but what a migration grants by name
--   plumbline_reader   one tenant at a time, chosen by the setting plumbline.tenant
--   plumbline_analyst  as reader, for people who write SQL
--
-- Roles are shared by all databases of a cluster, so two databases may be migrated at the same moment: a creation that lost
-- the race is taken as done, a "tuple concurrently updated" of the shared catalogue is tried again.
DO $$
DECLARE
  name text;
  attempt int;
BEGIN
  FOREACH name IN ARRAY ARRAY['plumbline_owner', 'plumbline_control', 'plumbline_writer', 'plumbline_reader',
                              'plumbline_analyst'] LOOP
    FOR attempt IN 1..20 LOOP
      BEGIN
        IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = name) THEN
          EXECUTE format('CREATE ROLE %I NOLOGIN NOSUPERUSER NOBYPASSRLS NOCREATEROLE NOCREATEDB', name);
        END IF;
        IF NOT EXISTS (SELECT FROM pg_auth_members m JOIN pg_roles r ON r.oid = m.roleid JOIN pg_roles u ON u.oid = m.member
                       WHERE r.rolname = name AND u.rolname = session_user) THEN
          EXECUTE format('GRANT %I TO %I', name, session_user);
        END IF;
        EXIT;
      EXCEPTION
        WHEN duplicate_object OR unique_violation OR internal_error THEN
          IF attempt = 20 THEN RAISE; END IF;
          PERFORM pg_sleep(0.02 * attempt);
      END;
    END LOOP;
  END LOOP;
END
$$;

CREATE SCHEMA plumbline AUTHORIZATION plumbline_owner;
SET LOCAL ROLE plumbline_owner;

CREATE TABLE plumbline.schema_migrations (
  version    integer PRIMARY KEY,
  name       text NOT NULL,
  checksum   text NOT NULL,  -- SHA-256 of the file, hexadecimal
  applied_at timestamptz NOT NULL DEFAULT now()
);

GRANT USAGE ON SCHEMA plumbline TO plumbline_control, plumbline_writer, plumbline_reader, plumbline_analyst;
GRANT SELECT ON plumbline.schema_migrations TO plumbline_control, plumbline_writer, plumbline_reader, plumbline_analyst;
