-- Reports, health, drift, deliveries and the ledger of one tenant: :repos repositories, a report of each every six hours for 30 days.
CREATE TEMPORARY TABLE report AS
SELECT r, k, 'acme/service-' || r AS repo, md5(:'tenant' || 'report' || r || '/' || k)::uuid AS id,
       :'base'::timestamptz + (k * interval '6 hours') + r * interval '20 s' AS time, (r * 7 + k) % 13 = 0 AS failed, 60 + (r * 3 + k) % 40 AS score,
       md5('c' || r || k) || left(md5('d' || k), 8) AS commit, '1.' || k || '.0' AS version
FROM generate_series(0, :repos - 1) r, generate_series(0, 119) k;

INSERT INTO plumbline.reports (tenant_id, time, id, digest, received_at, log_offset, log_partition, log_index, topic, agent, session, repo, branch,
                               commit, version, status, score, ai_health_score, structural_score, duration_ms, violations, payload)
SELECT :'tenant', time, id, md5(id::text)::uuid, time + interval '40 ms', r * 1000 + k, r % 8, 0, 2, 'rigour', NULL, repo, 'main', commit, version,
       CASE WHEN failed THEN 'FAIL' ELSE 'PASS' END, score, score, score, 3800, CASE WHEN failed THEN 3 ELSE 0 END,
       '{"id":"' || id || '","kind":"report","repo":"' || repo || '","branch":"main","commit":"' || commit || '","version":"' || version
         || '","data":{"status":"' || CASE WHEN failed THEN 'FAIL' ELSE 'PASS' END || '","summary":{"file-size":"PASS","content-check":"PASS","ast-analysis":"'
         || CASE WHEN failed THEN 'FAIL' ELSE 'PASS' END || '","dependency-guardian":"PASS","promise-safety":"PASS","structure-check":"PASS"},"stats":{"score":'
         || score || '}}}'
FROM report ORDER BY time;

INSERT INTO plumbline.violations (tenant_id, time, report_id, ordinal, files, repo, gate, title, severity, provenance, file, details)
SELECT :'tenant', time, id, o, 1, repo, 'ast-analysis', 'Architectural Violation', 'high', 'traditional', 'src/internal/util/part' || o || '.ts',
       'It imports what its layer may not.'
FROM report, generate_series(0, 2) o WHERE failed ORDER BY time;

INSERT INTO plumbline.health_repo_hours
SELECT :'tenant', repo, date_trunc('hour', time, 'UTC'), 1, (NOT failed)::int, failed::int, 0, 0, CASE WHEN failed THEN 3 ELSE 0 END, 1, score * 1000, 1,
       score * 1000, 1, score * 1000, 1, 3800, 0, 0, 0, 0, 0, 0, (score < 70)::int, (score BETWEEN 70 AND 79)::int, (score BETWEEN 80 AND 89)::int,
       (score >= 90)::int, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0
FROM report ORDER BY time ON CONFLICT DO NOTHING;

INSERT INTO plumbline.health_repo_latest (tenant_id, repo, branch, time, report_id, status, score, ai_health_score, structural_score, failures, agent, commit, version)
SELECT DISTINCT ON (r) :'tenant', repo, 'main', time, id, CASE WHEN failed THEN 'FAIL' ELSE 'PASS' END, score, score, score,
       CASE WHEN failed THEN 3 ELSE 0 END, 'rigour', commit, version
FROM report ORDER BY r, k DESC;

INSERT INTO plumbline.health_agent_latest
SELECT DISTINCT ON (agent) :'tenant', agent, :'base'::timestamptz + n * ((interval '30 days' - interval '90 minutes') / :sessions) + interval '1 hour',
       md5(:'tenant' || '/' || n || '/' || :events - 1)::uuid, 'session', md5(:'tenant' || '/' || n)::uuid::text
FROM (SELECT n, 'agent-' || n % :agents AS agent FROM generate_series(greatest(0, :sessions - :agents), :sessions - 1) n) s ORDER BY agent, n DESC;

INSERT INTO plumbline.health_agent_hours
SELECT :'tenant', 'agent-' || a, date_trunc('hour', :'base'::timestamptz, 'UTC') + h * interval '1 hour', 70, 28, 3, 28, 1, 1, 40, 28, 1400, 11, 9, 8, 0, 0, 40, 26000000,
       2, 3, 3, 3, 3, 3, 3, 3, 3, 2, 0, 0, 0, 0, 20, 20, 0, 0, 0, 0
FROM generate_series(0, :agents - 1) a, generate_series(0, 719) h;

-- Each repository drifts where a report fails and the one before passed, and is well again with the next; the newest are open.
CREATE TEMPORARY TABLE drift AS
SELECT f.*, p.id AS previous_id, p.time AS previous_at, p.commit AS previous_commit, p.version AS previous_version, n.id AS next_id, n.time AS next_at,
       n.commit AS next_commit, n.version AS next_version, md5(:'tenant' || 'drift' || f.r || '/' || f.k)::uuid AS drift_id, md5('stream' || f.r)::uuid AS stream_id
FROM report f JOIN report p ON p.r = f.r AND p.k = f.k - 1 LEFT JOIN report n ON n.r = f.r AND n.k = f.k + 1 WHERE f.failed;

INSERT INTO plumbline.drifts
SELECT :'tenant', drift_id, drift_id, stream_id, repo, 'main', CASE WHEN next_id IS NULL THEN 'open' ELSE 'resolved' END, 'high', time, id, commit, version,
       previous_at - interval '2 days', previous_at, previous_id, previous_commit, previous_version, coalesce(next_at, time), next_at, next_id, next_commit, next_version,
       '[{"id":"ARCH_BOUNDARY","title":"Architectural Violation","severity":"high","files":["src/internal/util/part0.ts"]},{"id":"ARCH_BOUNDARY","title":"Architectural Violation","severity":"high","files":["src/internal/util/part1.ts"]}]', 2
FROM drift ORDER BY time;

CREATE TEMPORARY TABLE event AS
SELECT md5(drift_id::text || type)::uuid AS event_id, type, at AS time, drift_id, stream_id, repo, report_id FROM (
  SELECT 'drift.opened' AS type, time AS at, drift_id, stream_id, repo, id AS report_id FROM drift
  UNION ALL SELECT 'drift.resolved', next_at, drift_id, stream_id, repo, next_id FROM drift WHERE next_id IS NOT NULL) d (type, at, drift_id, stream_id, repo, report_id);

INSERT INTO plumbline.drift_events (tenant_id, event_id, lane, key, type, time, recorded_at, notify, late, correction, stream_id, repo, branch, drift_id,
                                    report_time, report_id, body, published_at)
SELECT :'tenant', event_id, 0, repo, type, time, time + interval '100 ms', true, false, false, stream_id, repo, 'main', drift_id, time, report_id,
       '{"id":"' || event_id || '","type":"' || type || '","repo":"' || repo || '","drift_id":"' || drift_id || '","summary":"' || repo || ' breaks its layers"}', time
FROM event ORDER BY time;

INSERT INTO plumbline.notify_routes (tenant_id, route_id, name, kind, address, lane)
VALUES (:'tenant', md5(:'tenant' || 'route')::uuid, 'inbox', 'email', 'team@example.com', 'inbox');
INSERT INTO plumbline.notify_events SELECT :'tenant', event_id, type, time, time, '{"id":"' || event_id || '","type":"' || type || '","repo":"' || repo
  || '","drift_id":"' || drift_id || '"}', time FROM event ORDER BY time;
INSERT INTO plumbline.notify_deliveries (tenant_id, delivery_id, route_id, event_id, lane, kind, content, thread_id, state, attempts, due_at, finished_at, created_at)
SELECT :'tenant', md5('delivery' || event_id)::uuid, md5(:'tenant' || 'route')::uuid, event_id, 'inbox', 'email', 'event', drift_id, 'delivered', 1, time,
       time + interval '1 s', time FROM event ORDER BY time;

-- A minute's ledger in 8 partitions of one run: what it says in sum is the tenant's traces.
INSERT INTO plumbline.ledger
SELECT :'tenant', m, md5('run')::uuid, 1, p, each, each, 0, 0, 0
FROM generate_series(date_trunc('minute', :'base'::timestamptz), date_trunc('minute', :'base'::timestamptz) + interval '43199 minutes', interval '1 minute') m,
     generate_series(0, 7) p, LATERAL (SELECT greatest(1, :sessions::bigint * :events / 43200 / 8) AS each) x;
INSERT INTO plumbline.edge_outcomes
SELECT tenant_id, minute, run_id, sum(appended), sum(appended) FROM plumbline.ledger WHERE tenant_id = :'tenant' GROUP BY 1, 2, 3;
DROP TABLE event, drift, report;
