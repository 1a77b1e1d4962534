-- Two writers that come to a new day at once: the one that had to wait asked again by a word that PostgreSQL answers from the session's
-- memory of names that were not there, and made the table once more. The catalogue itself is read now, with a snapshot of after the wait.
CREATE OR REPLACE FUNCTION plumbline.ensure_partition(day date) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  name text := 'traces_' || to_char(day, 'YYYYMMDD');
  today date := (now() AT TIME ZONE 'UTC')::date;
BEGIN
  IF day IS NULL OR day < today - (3660 + 31) OR day > today + 2 THEN
    RAISE EXCEPTION 'day outside of retention' USING ERRCODE = 'datetime_field_overflow';
  END IF;
  IF to_regclass('plumbline.' || name) IS NOT NULL THEN
    RETURN false;
  END IF;
  PERFORM pg_advisory_xact_lock(hashtextextended('plumbline.ensure_partition', 0));
  PERFORM FROM pg_class WHERE relnamespace = 'plumbline'::regnamespace AND relname = name;
  IF FOUND THEN
    RETURN false;
  END IF;
  EXECUTE format('CREATE TABLE plumbline.%I (LIKE plumbline.traces INCLUDING ALL)', name);
  EXECUTE format('ALTER TABLE plumbline.%I ENABLE ROW LEVEL SECURITY', name);
  EXECUTE format('ALTER TABLE plumbline.%I FORCE ROW LEVEL SECURITY', name);
  EXECUTE format('ALTER TABLE plumbline.trace_days ATTACH PARTITION plumbline.%I FOR VALUES FROM (%L) TO (%L)', name,
                 to_char(day, 'YYYY-MM-DD') || ' 00:00:00+00', to_char(day + 1, 'YYYY-MM-DD') || ' 00:00:00+00');
  RETURN true;
END
$$;
