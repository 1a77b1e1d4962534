-- Organization health: one number from 0 to 100, the parts it is the sum of, and where each comes from. Formulas carry a version:
-- a change is a new view beside the old one, and org_health and repo_health name the one in force.
--
-- Version 1, at a moment `at`, over the 30 days before it:
--   active      a repository with a report of any status in these days
--   measured    an active repository with at least one PASS or FAIL: only these have a health
--   score       average of the repository's scores, weighted by age: half as much for every 7 days
--   pass_rate   passes / (passes + fails)
--   steady      100 without an open drift, 0 with one
--   repo health = (40 * score + 25 * pass_rate + 20 * steady) / 85
--   coverage    measured repositories whose newest report is not older than 7 days / active repositories
--   org health  = 40 * avg(score) + 25 * avg(pass_rate) + 20 * avg(steady) + 15 * coverage, over measured repositories
-- Each repository counts alike, however often it reports. The weighted average for irregular times is that of Wright (1986),
-- "Forecasting data published at irregular time intervals using an extension of Holt's method"; as sums over hours it merges.

CREATE FUNCTION plumbline.repo_health_v1_at(at timestamptz)
RETURNS TABLE (tenant_id uuid, repo text, runs bigint, passes bigint, fails bigint, pass_rate double precision,
               score double precision, last_report_at timestamptz, open_drifts bigint, measured boolean, reporting boolean,
               health double precision)
LANGUAGE sql STABLE PARALLEL SAFE AS $$
  WITH window_of AS (
    SELECT h.tenant_id, h.repo, sum(h.runs)::bigint AS runs, sum(h.passes)::bigint AS passes, sum(h.fails)::bigint AS fails,
           sum(h.score_milli * w.weight) / nullif(sum(h.score_count * w.weight), 0) / 1000 AS score, max(h.hour) AS last_hour
    FROM plumbline.health_repo_hours h,
         LATERAL (SELECT exp(-ln(2) * extract(epoch FROM at - h.hour)::double precision / (7 * 86400)) AS weight) w
    WHERE h.hour > at - interval '30 days' AND h.hour <= at
    GROUP BY h.tenant_id, h.repo
  ), drift AS (
    SELECT d.tenant_id, d.repo, count(*) AS open_drifts
    FROM plumbline.drifts d
    WHERE d.opened_at <= at AND (d.resolved_at IS NULL OR d.resolved_at > at)
    GROUP BY d.tenant_id, d.repo
  ), rated AS (
    SELECT w.tenant_id, w.repo, w.runs, w.passes, w.fails, w.passes::double precision / nullif(w.passes + w.fails, 0) AS pass_rate,
           w.score, w.last_hour, coalesce(d.open_drifts, 0) AS open_drifts
    FROM window_of w LEFT JOIN drift d USING (tenant_id, repo)
  )
  SELECT r.tenant_id, r.repo, r.runs, r.passes, r.fails, r.pass_rate,
         CASE WHEN r.pass_rate IS NOT NULL THEN coalesce(r.score, 100 * r.pass_rate) END, r.last_hour, r.open_drifts,
         r.pass_rate IS NOT NULL, r.pass_rate IS NOT NULL AND r.last_hour > at - interval '7 days',
         (40 * coalesce(r.score, 100 * r.pass_rate) / 100 + 25 * r.pass_rate + CASE WHEN r.open_drifts = 0 THEN 20 ELSE 0 END)
           * 100 / 85
  FROM rated r
$$;

CREATE FUNCTION plumbline.org_health_v1_at(at timestamptz)
RETURNS TABLE (tenant_id uuid, health double precision, score_points double precision, pass_points double precision,
               drift_points double precision, coverage_points double precision, score double precision,
               pass_rate double precision, coverage double precision, repos_active bigint, repos_measured bigint,
               repos_reporting bigint, repos_drifting bigint, open_drifts bigint, runs bigint, passes bigint, fails bigint)
LANGUAGE sql STABLE PARALLEL SAFE AS $$
  WITH summed AS (
    SELECT r.tenant_id, count(*) AS repos_active, count(*) FILTER (WHERE r.measured) AS repos_measured,
           count(*) FILTER (WHERE r.reporting) AS repos_reporting,
           count(*) FILTER (WHERE r.measured AND r.open_drifts > 0) AS repos_drifting,
           sum(r.open_drifts)::bigint AS open_drifts, sum(r.runs)::bigint AS runs, sum(r.passes)::bigint AS passes,
           sum(r.fails)::bigint AS fails, avg(r.score) AS score, avg(r.pass_rate) AS pass_rate
    FROM plumbline.repo_health_v1_at(at) r
    GROUP BY r.tenant_id
  ), pointed AS (
    SELECT s.*, 40 * s.score / 100 AS score_points, 25 * s.pass_rate AS pass_points,
           20 * (1 - s.repos_drifting::double precision / nullif(s.repos_measured, 0)) AS drift_points,
           15 * s.repos_reporting::double precision / s.repos_active AS coverage_points
    FROM summed s
  )
  SELECT p.tenant_id, p.score_points + p.pass_points + p.drift_points + p.coverage_points, p.score_points, p.pass_points,
         p.drift_points, p.coverage_points, p.score, p.pass_rate, p.repos_reporting::double precision / p.repos_active,
         p.repos_active, p.repos_measured, p.repos_reporting, p.repos_drifting, p.open_drifts, p.runs, p.passes, p.fails
  FROM pointed p
$$;
REVOKE ALL ON FUNCTION plumbline.repo_health_v1_at(timestamptz), plumbline.org_health_v1_at(timestamptz) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION plumbline.repo_health_v1_at(timestamptz), plumbline.org_health_v1_at(timestamptz)
  TO plumbline_reader, plumbline_analyst;
COMMENT ON FUNCTION plumbline.repo_health_v1_at(timestamptz) IS 'repo_health_v1 as it was at a moment.';
COMMENT ON FUNCTION plumbline.org_health_v1_at(timestamptz) IS 'org_health_v1 as it was at a moment.';

CREATE VIEW plumbline.repo_health_v1 WITH (security_invoker = true) AS
SELECT tenant_id, repo, round(health::numeric, 1) AS health, round(score::numeric, 1) AS score,
       round((100 * pass_rate)::numeric, 1) AS pass_percent, open_drifts, runs, passes, fails, last_report_at, measured, reporting
FROM plumbline.repo_health_v1_at(now());

CREATE VIEW plumbline.org_health_v1 WITH (security_invoker = true) AS
SELECT n.tenant_id, round(n.health::numeric, 1) AS health, round((n.health - b.health)::numeric, 1) AS trend,
       round(n.score_points::numeric, 1) AS score_points, round((n.score_points - b.score_points)::numeric, 1) AS score_trend,
       round(n.pass_points::numeric, 1) AS pass_points, round((n.pass_points - b.pass_points)::numeric, 1) AS pass_trend,
       round(n.drift_points::numeric, 1) AS drift_points, round((n.drift_points - b.drift_points)::numeric, 1) AS drift_trend,
       round(n.coverage_points::numeric, 1) AS coverage_points,
       round((n.coverage_points - b.coverage_points)::numeric, 1) AS coverage_trend,
       round(n.score::numeric, 1) AS score, round((100 * n.pass_rate)::numeric, 1) AS pass_percent,
       round((100 * n.coverage)::numeric, 1) AS coverage_percent, n.repos_active, n.repos_measured, n.repos_reporting,
       n.repos_drifting, n.open_drifts, n.runs, n.passes, n.fails
FROM plumbline.org_health_v1_at(now()) n LEFT JOIN plumbline.org_health_v1_at(now() - interval '7 days') b USING (tenant_id);

CREATE VIEW plumbline.org_health_days WITH (security_invoker = true) AS
SELECT h.tenant_id, d.day, round(h.health::numeric, 1) AS health, round(h.score_points::numeric, 1) AS score_points,
       round(h.pass_points::numeric, 1) AS pass_points, round(h.drift_points::numeric, 1) AS drift_points,
       round(h.coverage_points::numeric, 1) AS coverage_points, h.open_drifts, h.repos_active
FROM generate_series(date_trunc('day', now(), 'UTC') - interval '29 days', date_trunc('day', now(), 'UTC'), interval '1 day') AS d (day),
     LATERAL plumbline.org_health_v1_at(least(d.day + interval '1 day', now())) h;

CREATE VIEW plumbline.repo_health WITH (security_invoker = true) AS SELECT * FROM plumbline.repo_health_v1;
CREATE VIEW plumbline.org_health WITH (security_invoker = true) AS SELECT * FROM plumbline.org_health_v1;
GRANT SELECT ON plumbline.repo_health_v1, plumbline.org_health_v1, plumbline.org_health_days, plumbline.repo_health,
  plumbline.org_health TO plumbline_reader, plumbline_analyst;

COMMENT ON VIEW plumbline.org_health IS 'Health of the organization now, by the formula in force: org_health_v1.';
COMMENT ON VIEW plumbline.repo_health IS 'Health of each active repository now, by the formula in force: repo_health_v1.';
COMMENT ON VIEW plumbline.org_health_v1 IS
  'health = score_points + pass_points + drift_points + coverage_points, at most 40 + 25 + 20 + 15 = 100, over the repositories that reported within 30 days. Each trend is against 7 days ago.';
COMMENT ON VIEW plumbline.repo_health_v1 IS
  'health = (40 * score + 25 * pass_rate + 20 * steady) / 85 of each repository that reported within 30 days; steady is 1 without an open drift.';
COMMENT ON VIEW plumbline.org_health_days IS 'org_health_v1 at the end of each of the last 30 days (UTC); today as it is now.';
DO $$
DECLARE
  view_name text;
  item text[];
BEGIN
  FOREACH view_name IN ARRAY ARRAY['org_health_v1', 'org_health', 'repo_health_v1', 'repo_health', 'org_health_days'] LOOP
    FOREACH item SLICE 1 IN ARRAY ARRAY[
      ['tenant_id', 'Tenant.'],
      ['day', 'Day (UTC): its start.'],
      ['repo', 'Repository; empty where reports name none.'],
      ['health', 'From 0 to 100; null where nothing is measured.'],
      ['trend', 'health now less health 7 days ago.'],
      ['score_points', 'Up to 40: 40 * average over measured repositories of their score / 100.'],
      ['score_trend', 'score_points now less 7 days ago.'],
      ['pass_points', 'Up to 25: 25 * average over measured repositories of their pass rate.'],
      ['pass_trend', 'pass_points now less 7 days ago.'],
      ['drift_points', 'Up to 20: 20 * share of measured repositories without an open drift.'],
      ['drift_trend', 'drift_points now less 7 days ago.'],
      ['coverage_points', 'Up to 15: 15 * coverage.'],
      ['coverage_trend', 'coverage_points now less 7 days ago.'],
      ['score', 'Average score, 0 to 100, of 30 days, half the weight for every 7 days of age; where reports have no score, the pass rate.'],
      ['pass_percent', 'Of reports that pass or fail, those that pass; of the organization: the average over its repositories.'],
      ['coverage_percent', 'Of active repositories, those that are measured and reported within 7 days.'],
      ['repos_active', 'Repositories with a report within 30 days.'],
      ['repos_measured', 'Of these, those with at least one PASS or FAIL.'],
      ['repos_reporting', 'Of these, those whose newest report is not older than 7 days.'],
      ['repos_drifting', 'Measured repositories with an open drift.'],
      ['open_drifts', 'Drifts that are open, in active repositories.'],
      ['runs', 'Reports within 30 days.'],
      ['passes', 'Of these, PASS.'],
      ['fails', 'Of these, FAIL.'],
      ['last_report_at', 'Hour of its newest report.'],
      ['measured', 'Has at least one PASS or FAIL within 30 days.'],
      ['reporting', 'Is measured and reported within 7 days.']] LOOP
      IF EXISTS (SELECT FROM pg_attribute WHERE attrelid = ('plumbline.' || view_name)::regclass AND attname = item[1]) THEN
        EXECUTE format('COMMENT ON COLUMN plumbline.%I.%I IS %L', view_name, item[1], item[2]);
      END IF;
    END LOOP;
  END LOOP;
END
$$;
