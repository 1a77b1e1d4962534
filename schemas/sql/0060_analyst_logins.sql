-- Analysts are people and tools with a PostgreSQL login of their own. Each login belongs to one tenant, and can't change that:
-- a setting could be SET by whoever is signed in, so the binding is a row that only control writes, found by session_user
-- (which SET ROLE does not change).
CREATE TABLE plumbline.analyst_logins (
  login      text        PRIMARY KEY CHECK (login ~ '^[a-z0-9][a-z0-9_-]{0,62}$' AND login !~ '^(pg|plumbline)_'),
  tenant_id  uuid        NOT NULL REFERENCES plumbline.tenants (id),
  created_by text        NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX analyst_logins_tenant ON plumbline.analyst_logins (tenant_id);
ALTER TABLE plumbline.analyst_logins ENABLE ROW LEVEL SECURITY;
ALTER TABLE plumbline.analyst_logins FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_rows ON plumbline.analyst_logins TO plumbline_reader, plumbline_analyst, plumbline_owner
  USING (tenant_id = (SELECT nullif(current_setting('plumbline.tenant', true), '')::uuid));
CREATE POLICY control_all ON plumbline.analyst_logins TO plumbline_control USING (true) WITH CHECK (true);
-- What analyst_tenant() reads, as its owner: the row of who is signed in and no other.
CREATE POLICY own_login ON plumbline.analyst_logins FOR SELECT TO plumbline_owner USING (login = session_user::text);
GRANT SELECT ON plumbline.analyst_logins TO plumbline_reader, plumbline_analyst;
GRANT SELECT, INSERT, DELETE ON plumbline.analyst_logins TO plumbline_control;
COMMENT ON TABLE plumbline.analyst_logins IS 'Which tenant each analyst''s PostgreSQL login reads: `plumbline analyst add|ls|rm`.';
COMMENT ON COLUMN plumbline.analyst_logins.login IS 'Name of the PostgreSQL role.';
COMMENT ON COLUMN plumbline.analyst_logins.tenant_id IS 'The one tenant whose rows it sees.';
COMMENT ON COLUMN plumbline.analyst_logins.created_by IS 'Who made it.';
COMMENT ON COLUMN plumbline.analyst_logins.created_at IS 'When it was made.';

-- The server's own login, which may act as every Plumbline role anyway, keeps choosing by the setting. Any other login
-- without a row sees nothing, whatever roles it was granted by hand.
CREATE FUNCTION plumbline.analyst_tenant() RETURNS uuid
LANGUAGE sql STABLE PARALLEL SAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  SELECT coalesce(
    (SELECT tenant_id FROM plumbline.analyst_logins WHERE login = session_user::text),
    CASE WHEN pg_has_role(session_user, 'plumbline_owner', 'MEMBER')
         THEN nullif(current_setting('plumbline.tenant', true), '')::uuid END)
$$;
REVOKE ALL ON FUNCTION plumbline.analyst_tenant() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION plumbline.analyst_tenant() TO plumbline_analyst;
COMMENT ON FUNCTION plumbline.analyst_tenant() IS 'The tenant that the signed-in analyst is bound to; null sees nothing.';

-- Migrations write one policy for reader, analyst and owner, by the setting. This takes the analyst out of each such policy
-- and gives it the same condition by analyst_tenant(), in a subquery so that it is asked once a query and an index serves.
-- A migration that adds a table with an analyst's policy ends with SELECT plumbline.bind_analysts(); a test finds the one that
-- does not.
CREATE FUNCTION plumbline.bind_analysts() RETURNS integer
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  item record;
  others text;
  condition text;
  changed integer := 0;
BEGIN
  FOR item IN
    SELECT tablename, policyname, qual, cmd, permissive,
           (SELECT string_agg(quote_ident(r), ', ') FROM unnest(roles) AS r WHERE r <> 'plumbline_analyst') AS rest
    FROM pg_policies
    WHERE schemaname = 'plumbline' AND 'plumbline_analyst' = ANY (roles) AND qual NOT LIKE '%analyst_tenant()%'
    ORDER BY 1, 2
  LOOP
    condition := regexp_replace(
      item.qual, '\( SELECT \(NULLIF\(current_setting\(''plumbline\.tenant''::text, true\), ''''::text\)\)::uuid AS "?nullif"?\)',
      '(SELECT plumbline.analyst_tenant())', 'g');
    IF condition = item.qual OR condition LIKE '%current_setting%' THEN
      RAISE EXCEPTION 'policy % on plumbline.% does not choose the tenant as the others do: %', item.policyname, item.tablename, item.qual;
    END IF;
    IF item.rest IS NULL THEN
      EXECUTE format('DROP POLICY %I ON plumbline.%I', item.policyname, item.tablename);
    ELSE
      EXECUTE format('ALTER POLICY %I ON plumbline.%I TO %s', item.policyname, item.tablename, item.rest);
    END IF;
    EXECUTE format('CREATE POLICY %I ON plumbline.%I AS %s FOR SELECT TO plumbline_analyst USING %s',
                   item.policyname || '_of_analyst', item.tablename, item.permissive, condition);
    changed := changed + 1;
  END LOOP;
  RETURN changed;
END
$$;
REVOKE ALL ON FUNCTION plumbline.bind_analysts() FROM PUBLIC;
COMMENT ON FUNCTION plumbline.bind_analysts() IS
  'Makes every policy for plumbline_analyst go by analyst_tenant() instead of a setting; the last statement of a migration that adds a table.';
SELECT plumbline.bind_analysts();
