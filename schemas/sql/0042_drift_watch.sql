-- Since when something reports: who reported three times within a minute was not yet used to report.
ALTER TABLE plumbline.drift_watch ADD COLUMN first_time timestamptz NOT NULL DEFAULT now();
ALTER TABLE plumbline.drift_watch ALTER COLUMN first_time DROP DEFAULT;
COMMENT ON COLUMN plumbline.drift_watch.first_time IS 'First event time seen.';
COMMENT ON COLUMN plumbline.drift_watch.gap_s IS
  'Longest usual gap between reports in seconds: the longest seen, halved with every 14 days since.';
