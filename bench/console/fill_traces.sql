-- Sessions :first to :last - 1 of :sessions, :events events each over an hour, spread over the last 30 days: what persist would have stored of them.
-- Rows come in the order of their times, as sessions that go on at once reach a store.
INSERT INTO plumbline.traces (time, tenant_id, id, digest, received_at, log_offset, log_partition, log_index, topic, risk_score, kind,
                              agent, session, repo, branch, commit, version, action_type, confidence, prompt_type, autonomy_mode,
                              risk_category, policy_hash, matched_rule_id, payload)
SELECT r.time, :'tenant', r.id, md5(r.payload)::uuid, r.time + interval '40 ms', r.n * 200 + r.i, r.n % 8, 0, 1,
       CASE WHEN r.kind = 'decision' THEN r.risk END, r.kind, r.agent, r.session, r.repo, 'main', r.commit, '1.4.2', r.action,
       CASE WHEN r.kind = 'decision' THEN 'high' END, CASE WHEN r.kind = 'decision' THEN 'yes_no' END,
       CASE WHEN r.kind = 'decision' THEN 'full' END,
       CASE WHEN r.kind = 'decision' THEN CASE WHEN r.risk < 40 THEN 'low' WHEN r.risk < 70 THEN 'medium' ELSE 'high' END END,
       CASE WHEN r.kind = 'decision' THEN '908c70063330c907' END, CASE WHEN r.kind = 'decision' THEN 'tests-yes' END, r.payload
FROM (
  SELECT e.*, '{"id":"' || e.id || '","kind":"' || e.kind || '","time":"' || to_char(e.time AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')
    || '","agent":"' || e.agent || '","session":"' || e.session || '","repo":"' || e.repo || '","branch":"main","commit":"' || e.commit
    || '","version":"1.4.2","data":' || CASE e.kind
      WHEN 'decision' THEN '{"prompt_id":"' || e.id || '","policy_hash":"908c70063330c907","matched_rule_id":"tests-yes","action_type":"' || e.action
        || '","confidence":"high","prompt_type":"yes_no","autonomy_mode":"full","risk_score":' || e.risk
        || ',"risk_factors":[{"name":"action_type","weight":15},{"name":"branch","weight":15}],"explanation":"Rule tests-yes matched: tool_id: * (wildcard); prompt_type yes_no; min_confidence high"}'
      WHEN 'session' THEN '{"event":"' || CASE WHEN e.i = 0 THEN 'start' ELSE 'end' END || '"}'
      ELSE '{"signal":"span","name":"chat claude","trace_id":"' || md5(e.session) || '","span_id":"' || left(md5(e.id::text), 16)
        || '","span_kind":"client","status":"ok","duration_us":' || 200000 + e.risk * 9000
        || ',"operation":"chat","provider":"anthropic","request_model":"claude-sonnet-4","response_model":"claude-sonnet-4","input_tokens":'
        || 900 + e.risk * 11 || ',"output_tokens":' || 80 + e.risk || ',"scope":"agent","attributes":{"server.address":"api.example.com","gen_ai.request.max_tokens":4096}}'
    END || '}' AS payload
  FROM (
    SELECT n, i, s.start + (i * 3600.0 / :events + mod(n * 7 + i * 13, 17)) * interval '1 s' AS time,
           md5(:'tenant' || '/' || n || '/' || i)::uuid AS id, CASE WHEN i = 0 OR i = :events - 1 THEN 'session'
             WHEN i % 5 IN (1, 3) THEN 'decision' ELSE 'span' END AS kind,
           CASE WHEN i NOT IN (0, :events - 1) AND i % 5 IN (1, 3) THEN CASE WHEN (n + i) % 11 = 0 THEN 'require_human' ELSE 'auto_reply' END END AS action,
           (n * 31 + i * 17) % 100 AS risk, 'agent-' || n % :agents AS agent, md5(:'tenant' || '/' || n)::uuid::text AS session,
           'acme/service-' || n % :repos AS repo, md5('c' || n) || left(md5('d' || n), 8) AS commit
    FROM generate_series(:first::int, :last::int - 1) n, generate_series(0, :events - 1) i,
         LATERAL (SELECT :'base'::timestamptz + n * ((interval '30 days' - interval '90 minutes') / :sessions) AS start) s
    ORDER BY 3) e) r;

INSERT INTO plumbline.chain_chunks (tenant_id, agent, first_time, last_time, topic, log_partition, hash, prev_hash, digest, content, trace_time,
                                    trace_id, log_offset, log_index)
SELECT :'tenant', 'agent-' || n % :agents, min(time), max(time), 1, n % 8, array_agg(sha256((:'tenant' || n || '.' || k)::bytea) ORDER BY k),
       array_agg(CASE WHEN k = 1 THEN ''::bytea ELSE sha256((:'tenant' || n || '.' || k - 1)::bytea) END ORDER BY k), array_agg(id ORDER BY k),
       array_agg('u'::"char" ORDER BY k), array_agg(time ORDER BY k), array_agg(id ORDER BY k), array_agg((n * 200 + i)::bigint ORDER BY k),
       array_agg(0 ORDER BY k)
FROM (SELECT n, i, row_number() OVER (PARTITION BY n ORDER BY i) AS k, md5(:'tenant' || '/' || n || '/' || i)::uuid AS id,
             :'base'::timestamptz + n * ((interval '30 days' - interval '90 minutes') / :sessions) + i * 18 * interval '1 s' AS time
      FROM generate_series(:first::int, :last::int - 1) n, generate_series(1, :events - 2) i WHERE i % 5 IN (1, 3)) d
GROUP BY n;
