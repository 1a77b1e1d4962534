-- Dead letters that belong to no tenant (what can't be authenticated, what names a tenant that isn't there) go with the longest
-- retention of any tenant. The writer removes them, by a right that reaches no others: the owner sees only the rows of the tenant
-- that it is bound to, and views are the owner's.
CREATE POLICY writer_removes_nobodys ON plumbline.dead_letters FOR DELETE TO plumbline_writer
  USING (tenant_id IS NULL OR NOT EXISTS (SELECT FROM plumbline.tenants t WHERE t.id = dead_letters.tenant_id));
GRANT DELETE ON plumbline.dead_letters TO plumbline_writer;
GRANT SELECT (tenant_id, noted_at) ON plumbline.dead_letters TO plumbline_writer;
