-- Removal of rows by age, which persist does once in a while (persist.retention_interval): days of traces that are older than the
-- retention of every tenant are dropped, and a tenant with a shorter one loses its rows of a day at a time. Up to which day a tenant's
-- rows are gone is remembered, so that a sweep looks only at the days that came of age since.
CREATE TABLE plumbline.retention_floors (
  tenant_id  uuid        PRIMARY KEY,
  floor      date        NOT NULL,
  removed_at timestamptz NOT NULL DEFAULT now()
);
ALTER TABLE plumbline.retention_floors ENABLE ROW LEVEL SECURITY;
ALTER TABLE plumbline.retention_floors FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_rows ON plumbline.retention_floors TO plumbline_reader, plumbline_analyst, plumbline_owner
  USING (tenant_id = (SELECT nullif(current_setting('plumbline.tenant', true), '')::uuid));
CREATE POLICY writer_floors ON plumbline.retention_floors TO plumbline_writer USING (true) WITH CHECK (true);
GRANT SELECT ON plumbline.retention_floors TO plumbline_reader, plumbline_analyst;
GRANT SELECT, INSERT, UPDATE ON plumbline.retention_floors TO plumbline_writer;
COMMENT ON TABLE plumbline.retention_floors IS 'Up to which day rows of a tenant were removed because of their age.';
COMMENT ON COLUMN plumbline.retention_floors.tenant_id IS 'Tenant whose rows were removed.';
COMMENT ON COLUMN plumbline.retention_floors.floor IS 'First day (UTC) that was kept when rows were removed last.';
COMMENT ON COLUMN plumbline.retention_floors.removed_at IS 'When rows were removed last.';
COMMENT ON COLUMN plumbline.tenants.retention_days IS
  'Events older than this are refused at the edge; traces, reports and dead letters of whole days that are older are removed.';
SELECT plumbline.bind_analysts();
