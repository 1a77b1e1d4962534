-- What these comments promised is not done: nothing removes stored rows because of their age (docs/operations.md says how to).
COMMENT ON COLUMN plumbline.tenants.retention_days IS
  'Events older than this are refused at the edge; drift and notify forget what is older. Stored events stay until they are removed.';
COMMENT ON TABLE plumbline.chain_anchors IS 'Hashes of entries that were removed and whose successor was kept: it follows no gap.';
COMMENT ON COLUMN plumbline.chain_anchors.reason IS 'Why they were removed.';
