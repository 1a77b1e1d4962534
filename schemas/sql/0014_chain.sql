-- AtlasBridge's hash chain, followed per agent. Rows are only ever added, one for each different content under a hash, so a verdict is
-- a function of the set of links and of nothing else: not of order of arrival, not of time.
CREATE TABLE plumbline.chain_links (
  tenant_id     uuid        NOT NULL,
  agent         text        NOT NULL,
  hash          bytea       NOT NULL,
  digest        uuid        NOT NULL,
  prev_hash     bytea       NOT NULL,
  content       "char"      NOT NULL CHECK (content IN ('o', 'b', 'u')),
  trace_time    timestamptz NOT NULL,
  trace_id      uuid        NOT NULL,
  log_offset    bigint      NOT NULL,
  log_partition integer     NOT NULL,
  log_index     integer     NOT NULL,
  topic         smallint    NOT NULL,
  PRIMARY KEY (tenant_id, agent, hash, digest)
);

CREATE TABLE plumbline.chain_anchors (
  tenant_id   uuid        NOT NULL,
  agent       text        NOT NULL,
  hash        bytea       NOT NULL,
  entries     bigint      NOT NULL CHECK (entries > 0),
  reason      text        NOT NULL,
  anchored_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (tenant_id, agent, hash)
);

DO $$
DECLARE
  name text;
BEGIN
  FOREACH name IN ARRAY ARRAY['chain_links', 'chain_anchors'] LOOP
    EXECUTE format('ALTER TABLE plumbline.%I ENABLE ROW LEVEL SECURITY', name);
    EXECUTE format('ALTER TABLE plumbline.%I FORCE ROW LEVEL SECURITY', name);
    EXECUTE format('CREATE POLICY tenant_rows ON plumbline.%I TO plumbline_reader, plumbline_analyst, plumbline_owner
                    USING (tenant_id = (SELECT nullif(current_setting(''plumbline.tenant'', true), '''')::uuid))', name);
    EXECUTE format('GRANT SELECT ON plumbline.%I TO plumbline_reader, plumbline_analyst', name);
  END LOOP;
END
$$;
CREATE POLICY writer_inserts ON plumbline.chain_links FOR INSERT TO plumbline_writer WITH CHECK (true);
CREATE POLICY writer_compares ON plumbline.chain_links FOR SELECT TO plumbline_writer USING (true);
GRANT INSERT ON plumbline.chain_links TO plumbline_writer;
GRANT SELECT (tenant_id, agent, hash, digest) ON plumbline.chain_links TO plumbline_writer;

COMMENT ON TABLE plumbline.chain_links IS 'Every different entry of an agent''s hash chain that ever arrived, stored or in conflict.';
COMMENT ON COLUMN plumbline.chain_links.tenant_id IS 'Tenant of the agent.';
COMMENT ON COLUMN plumbline.chain_links.agent IS 'Agent whose chain it is.';
COMMENT ON COLUMN plumbline.chain_links.hash IS 'The entry''s own SHA-256, as the agent wrote it.';
COMMENT ON COLUMN plumbline.chain_links.digest IS 'Digest of the entry''s line as it came: two under one hash are two contents.';
COMMENT ON COLUMN plumbline.chain_links.prev_hash IS 'Hash of the entry before it; empty at the start of a chain.';
COMMENT ON COLUMN plumbline.chain_links.content IS
  'o: complete, and its content has this hash; b: complete, and it has not; u: metadata only, can''t be checked here.';
COMMENT ON COLUMN plumbline.chain_links.trace_time IS 'Time of the trace that brought it.';
COMMENT ON COLUMN plumbline.chain_links.trace_id IS 'Id of the trace that brought it.';
COMMENT ON COLUMN plumbline.chain_links.topic IS 'Address in the log of the first arrival: topic, see log_topics.';
COMMENT ON COLUMN plumbline.chain_links.log_partition IS 'Address in the log: partition.';
COMMENT ON COLUMN plumbline.chain_links.log_offset IS 'Address in the log: offset.';
COMMENT ON COLUMN plumbline.chain_links.log_index IS 'Address in the log: line of the frame.';
COMMENT ON TABLE plumbline.chain_anchors IS 'Last hashes of what retention removed: what follows them is no gap.';
COMMENT ON COLUMN plumbline.chain_anchors.tenant_id IS 'Tenant of the agent.';
COMMENT ON COLUMN plumbline.chain_anchors.agent IS 'Agent whose chain it is.';
COMMENT ON COLUMN plumbline.chain_anchors.hash IS 'Hash of a removed entry that a kept one follows.';
COMMENT ON COLUMN plumbline.chain_anchors.entries IS 'How many entries were removed with it.';
COMMENT ON COLUMN plumbline.chain_anchors.reason IS 'Why they were removed: retention.';
COMMENT ON COLUMN plumbline.chain_anchors.anchored_at IS 'When they were removed.';

-- One row a hash. Contents that are complete and right are equal in every value, however their lines are spaced.
CREATE VIEW plumbline.chain_entries WITH (security_invoker = true) AS
SELECT tenant_id, agent, hash, min(encode(prev_hash, 'hex')) AS prev_hash, count(*) AS contents,
       bool_or(content = 'b') OR (count(*) > 1 AND NOT bool_and(content = 'o')) AS broken,
       bool_or(content = 'o') AS verified
FROM plumbline.chain_links GROUP BY tenant_id, agent, hash;

CREATE VIEW plumbline.chain_gaps WITH (security_invoker = true) AS
SELECT l.tenant_id, l.agent, l.prev_hash AS missing_hash, l.hash AS next_hash, l.trace_time, l.trace_id
FROM plumbline.chain_links l
WHERE l.prev_hash <> ''
  AND NOT EXISTS (SELECT FROM plumbline.chain_links p
                  WHERE p.tenant_id = l.tenant_id AND p.agent = l.agent AND p.hash = l.prev_hash)
  AND NOT EXISTS (SELECT FROM plumbline.chain_anchors a
                  WHERE a.tenant_id = l.tenant_id AND a.agent = l.agent AND a.hash = l.prev_hash);

CREATE VIEW plumbline.chain_forks WITH (security_invoker = true) AS
SELECT tenant_id, agent, prev_hash AS parent_hash, count(DISTINCT hash) AS children
FROM plumbline.chain_links WHERE prev_hash <> ''
GROUP BY tenant_id, agent, prev_hash HAVING count(DISTINCT hash) > 1;

CREATE VIEW plumbline.chain_breaks WITH (security_invoker = true) AS
SELECT tenant_id, agent, hash, contents FROM plumbline.chain_entries WHERE broken;

CREATE VIEW plumbline.chain_verdicts WITH (security_invoker = true) AS
WITH totals AS (
  SELECT tenant_id, agent, count(*) AS entries, count(*) FILTER (WHERE prev_hash = '') AS chains,
         count(*) FILTER (WHERE broken) AS breaks, count(*) FILTER (WHERE verified AND NOT broken) AS verified
  FROM plumbline.chain_entries GROUP BY tenant_id, agent
), gaps AS (
  SELECT tenant_id, agent, count(DISTINCT missing_hash) AS gaps FROM plumbline.chain_gaps GROUP BY tenant_id, agent
), forks AS (
  SELECT tenant_id, agent, count(*) AS forks FROM plumbline.chain_forks GROUP BY tenant_id, agent
)
SELECT tenant_id, agent, entries, chains, coalesce(gaps, 0) AS gaps, breaks, coalesce(forks, 0) AS forks, verified,
       CASE WHEN breaks > 0 THEN 'broken' WHEN coalesce(forks, 0) > 0 THEN 'forked'
            WHEN coalesce(gaps, 0) > 0 THEN 'gap' ELSE 'ok' END AS verdict
FROM totals LEFT JOIN gaps USING (tenant_id, agent) LEFT JOIN forks USING (tenant_id, agent);

GRANT SELECT ON plumbline.chain_entries, plumbline.chain_gaps, plumbline.chain_forks, plumbline.chain_breaks,
  plumbline.chain_verdicts TO plumbline_reader, plumbline_analyst;

COMMENT ON VIEW plumbline.chain_entries IS 'The chain''s entries, one row for each hash.';
COMMENT ON COLUMN plumbline.chain_entries.tenant_id IS 'Tenant of the agent.';
COMMENT ON COLUMN plumbline.chain_entries.agent IS 'Agent whose chain it is.';
COMMENT ON COLUMN plumbline.chain_entries.hash IS 'The entry''s hash.';
COMMENT ON COLUMN plumbline.chain_entries.prev_hash IS 'Hash of the entry before it in hexadecimal; empty at the start of a chain.';
COMMENT ON COLUMN plumbline.chain_entries.contents IS 'Different lines that came under this hash.';
COMMENT ON COLUMN plumbline.chain_entries.broken IS 'A content does not have this hash, or contents differ and not all of them could be checked.';
COMMENT ON COLUMN plumbline.chain_entries.verified IS 'A complete content came that has this hash.';
COMMENT ON VIEW plumbline.chain_gaps IS 'Entries whose predecessor never came: something in between was removed or has not arrived.';
COMMENT ON COLUMN plumbline.chain_gaps.tenant_id IS 'Tenant of the agent.';
COMMENT ON COLUMN plumbline.chain_gaps.agent IS 'Agent whose chain it is.';
COMMENT ON COLUMN plumbline.chain_gaps.missing_hash IS 'Hash that is named and missing.';
COMMENT ON COLUMN plumbline.chain_gaps.next_hash IS 'Hash of the entry that names it.';
COMMENT ON COLUMN plumbline.chain_gaps.trace_time IS 'Time of the entry that names it.';
COMMENT ON COLUMN plumbline.chain_gaps.trace_id IS 'Trace of the entry that names it.';
COMMENT ON VIEW plumbline.chain_forks IS 'Entries that two or more different entries follow.';
COMMENT ON COLUMN plumbline.chain_forks.tenant_id IS 'Tenant of the agent.';
COMMENT ON COLUMN plumbline.chain_forks.agent IS 'Agent whose chain it is.';
COMMENT ON COLUMN plumbline.chain_forks.parent_hash IS 'Hash that is followed more than once.';
COMMENT ON COLUMN plumbline.chain_forks.children IS 'How many different entries follow it.';
COMMENT ON VIEW plumbline.chain_breaks IS 'Entries whose content was changed.';
COMMENT ON COLUMN plumbline.chain_breaks.tenant_id IS 'Tenant of the agent.';
COMMENT ON COLUMN plumbline.chain_breaks.agent IS 'Agent whose chain it is.';
COMMENT ON COLUMN plumbline.chain_breaks.hash IS 'Hash of the entry.';
COMMENT ON COLUMN plumbline.chain_breaks.contents IS 'Different lines that came under this hash.';
COMMENT ON VIEW plumbline.chain_verdicts IS 'Is each agent''s decision chain whole? A function of the set of entries that arrived, in whatever order.';
COMMENT ON COLUMN plumbline.chain_verdicts.tenant_id IS 'Tenant of the agent.';
COMMENT ON COLUMN plumbline.chain_verdicts.agent IS 'Agent whose chains these are.';
COMMENT ON COLUMN plumbline.chain_verdicts.entries IS 'Different hashes.';
COMMENT ON COLUMN plumbline.chain_verdicts.chains IS 'Entries without a predecessor: the first, and one after each rotation of the agent''s file.';
COMMENT ON COLUMN plumbline.chain_verdicts.gaps IS 'Hashes that are named as predecessor and never came.';
COMMENT ON COLUMN plumbline.chain_verdicts.breaks IS 'Entries whose content was changed.';
COMMENT ON COLUMN plumbline.chain_verdicts.forks IS 'Entries that two or more different entries follow.';
COMMENT ON COLUMN plumbline.chain_verdicts.verified IS 'Entries whose complete content was checked against their hash.';
COMMENT ON COLUMN plumbline.chain_verdicts.verdict IS 'broken, forked, gap or ok: the first that applies.';
