-- Nobody asks for rows by these columns, and ANALYZE counts every element of an array: on a busy table that took PostgreSQL a third of
-- all the time that drift's writes do.
ALTER TABLE plumbline.drift_reports
  ALTER COLUMN earlier_times SET STATISTICS 0,
  ALTER COLUMN earlier_ids SET STATISTICS 0,
  ALTER COLUMN earlier_commits SET STATISTICS 0,
  ALTER COLUMN earlier_versions SET STATISTICS 0,
  ALTER COLUMN layer SET STATISTICS 0;
ALTER TABLE plumbline.drift_streams
  ALTER COLUMN state SET STATISTICS 0,
  ALTER COLUMN base_state SET STATISTICS 0;
ALTER TABLE plumbline.drift_events ALTER COLUMN body SET STATISTICS 0;
