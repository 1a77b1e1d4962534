-- Removal of rows by age, which persist does once in a while (persist.retention_interval). A tenant's floor is the first day (UTC)
-- that its retention keeps. It is raised before anything goes, and from then on persist and health take nothing below it: what was
-- removed and is sent again would be stored and counted a second time. Days of traces below the floors of all tenants are dropped; a
-- tenant with a higher floor loses its rows of the days between.
CREATE TABLE plumbline.retention_floors (
  tenant_id  uuid        PRIMARY KEY,
  floor      date        NOT NULL,
  raised_at  timestamptz NOT NULL DEFAULT now(),
  removed_to date,
  removed    boolean     NOT NULL DEFAULT false
);
ALTER TABLE plumbline.retention_floors ENABLE ROW LEVEL SECURITY;
ALTER TABLE plumbline.retention_floors FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_rows ON plumbline.retention_floors TO plumbline_reader, plumbline_analyst, plumbline_owner
  USING (tenant_id = (SELECT nullif(current_setting('plumbline.tenant', true), '')::uuid));
CREATE POLICY writer_floors ON plumbline.retention_floors TO plumbline_writer USING (true) WITH CHECK (true);
GRANT SELECT ON plumbline.retention_floors TO plumbline_reader, plumbline_analyst;
GRANT SELECT, INSERT, UPDATE ON plumbline.retention_floors TO plumbline_writer;
COMMENT ON TABLE plumbline.retention_floors IS 'From which day on a tenant''s traces, reports and dead letters are kept.';
COMMENT ON COLUMN plumbline.retention_floors.tenant_id IS 'Tenant whose rows they are.';
COMMENT ON COLUMN plumbline.retention_floors.floor IS 'First day (UTC) that is kept; events of earlier ones are not taken any more.';
COMMENT ON COLUMN plumbline.retention_floors.raised_at IS 'When the floor was raised to that day.';
COMMENT ON COLUMN plumbline.retention_floors.removed_to IS 'First day whose rows were not removed yet; null: none was looked at.';
COMMENT ON COLUMN plumbline.retention_floors.removed IS 'Whether anything was ever removed: then the floor is not lowered any more.';
COMMENT ON COLUMN plumbline.tenants.retention_days IS
  'Events older than this are refused at the edge; traces, reports and dead letters of whole days that are older are removed.';
SELECT plumbline.bind_analysts();
