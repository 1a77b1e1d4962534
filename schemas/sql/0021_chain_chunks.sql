-- Links of hash chains by the chunk: one row holds what one transaction brought of one agent, as arrays. A row and a wide unique key for
-- each link cost as much as the trace itself. Which links are new is known without a key of their own: a link is new exactly when
-- its trace was stored, in the same transaction. Only contents that conflict with a stored trace have a table with a key.
-- chain_links stays, as a view: one row for each link.
DROP VIEW plumbline.chain_verdicts, plumbline.chain_breaks, plumbline.chain_forks, plumbline.chain_gaps, plumbline.chain_entries;
ALTER TABLE plumbline.chain_links RENAME TO chain_links_before;

CREATE TABLE plumbline.chain_chunks (
  tenant_id     uuid          NOT NULL,
  agent         text          NOT NULL,
  first_time    timestamptz   NOT NULL,
  last_time     timestamptz   NOT NULL,
  topic         smallint      NOT NULL,
  log_partition integer       NOT NULL,
  hash          bytea[]       NOT NULL,
  prev_hash     bytea[]       NOT NULL,
  digest        uuid[]        NOT NULL,
  content       "char"[]      NOT NULL,
  trace_time    timestamptz[] COMPRESSION lz4 NOT NULL,
  trace_id      uuid[]        NOT NULL,
  log_offset    bigint[]      COMPRESSION lz4 NOT NULL,
  log_index     integer[]     COMPRESSION lz4 NOT NULL
);
-- What looks random does not get smaller.
ALTER TABLE plumbline.chain_chunks ALTER hash SET STORAGE EXTERNAL, ALTER prev_hash SET STORAGE EXTERNAL,
  ALTER digest SET STORAGE EXTERNAL, ALTER trace_id SET STORAGE EXTERNAL;
CREATE INDEX chain_chunks_agent ON plumbline.chain_chunks (tenant_id, agent, first_time);

CREATE TABLE plumbline.chain_conflicts (
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

-- The owner is bound by forced policies: what is there is moved before the new tables have theirs.
ALTER TABLE plumbline.chain_links_before NO FORCE ROW LEVEL SECURITY;
INSERT INTO plumbline.chain_chunks
SELECT tenant_id, agent, min(trace_time), max(trace_time), topic, log_partition, array_agg(hash), array_agg(prev_hash),
       array_agg(digest), array_agg(content), array_agg(trace_time), array_agg(trace_id), array_agg(log_offset),
       array_agg(log_index)
FROM (SELECT *, row_number() OVER (PARTITION BY tenant_id, agent, topic, log_partition ORDER BY log_offset, log_index) / 1000 AS chunk
      FROM plumbline.chain_links_before) numbered
GROUP BY tenant_id, agent, topic, log_partition, chunk;
DROP TABLE plumbline.chain_links_before;

DO $$
DECLARE
  name text;
BEGIN
  FOREACH name IN ARRAY ARRAY['chain_chunks', 'chain_conflicts'] LOOP
    EXECUTE format('ALTER TABLE plumbline.%I ENABLE ROW LEVEL SECURITY', name);
    EXECUTE format('ALTER TABLE plumbline.%I FORCE ROW LEVEL SECURITY', name);
    EXECUTE format('CREATE POLICY tenant_rows ON plumbline.%I TO plumbline_reader, plumbline_analyst, plumbline_owner
                    USING (tenant_id = (SELECT nullif(current_setting(''plumbline.tenant'', true), '''')::uuid))', name);
    EXECUTE format('CREATE POLICY writer_inserts ON plumbline.%I FOR INSERT TO plumbline_writer WITH CHECK (true)', name);
    EXECUTE format('GRANT SELECT ON plumbline.%I TO plumbline_reader, plumbline_analyst', name);
    EXECUTE format('GRANT INSERT ON plumbline.%I TO plumbline_writer', name);
  END LOOP;
END
$$;
CREATE POLICY writer_compares ON plumbline.chain_conflicts FOR SELECT TO plumbline_writer USING (true);
GRANT SELECT (tenant_id, agent, hash, digest) ON plumbline.chain_conflicts TO plumbline_writer;

CREATE VIEW plumbline.chain_links WITH (security_invoker = true) AS
SELECT c.tenant_id, c.agent, l.hash, l.digest, l.prev_hash, l.content, l.trace_time, l.trace_id, l.log_offset,
       c.log_partition, l.log_index, c.topic
FROM plumbline.chain_chunks c,
     LATERAL unnest(c.hash, c.digest, c.prev_hash, c.content, c.trace_time, c.trace_id, c.log_offset, c.log_index)
       AS l (hash, digest, prev_hash, content, trace_time, trace_id, log_offset, log_index)
UNION ALL
SELECT tenant_id, agent, hash, digest, prev_hash, content, trace_time, trace_id, log_offset, log_partition, log_index, topic
FROM plumbline.chain_conflicts;

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

-- One pass: every hash is a node that came as an entry, is named as a predecessor, was removed by retention, or several of these.
CREATE VIEW plumbline.chain_verdicts WITH (security_invoker = true) AS
WITH nodes AS (
  SELECT tenant_id, agent, hash, bool_or(came) AS came, bool_or(named) AS named, bool_or(anchored) AS anchored,
         bool_or(starts) AS starts, bool_or(content = 'o') AS verified,
         bool_or(content = 'b') OR (count(content) > 1 AND NOT bool_and(content = 'o')) AS broken,
         min(child) <> max(child) AS forked
  FROM (SELECT c.tenant_id, c.agent, l.hash, true AS came, false AS named, false AS anchored, l.prev_hash = '' AS starts,
               l.content, NULL::text COLLATE "C" AS child
        FROM plumbline.chain_chunks c, LATERAL unnest(c.hash, c.prev_hash, c.content) AS l (hash, prev_hash, content)
        UNION ALL
        SELECT c.tenant_id, c.agent, l.prev_hash, false, true, false, false, NULL, encode(l.hash, 'hex') COLLATE "C"
        FROM plumbline.chain_chunks c, LATERAL unnest(c.hash, c.prev_hash) AS l (hash, prev_hash) WHERE l.prev_hash <> ''
        UNION ALL
        SELECT tenant_id, agent, hash, true, false, false, prev_hash = '', content, NULL FROM plumbline.chain_conflicts
        UNION ALL
        SELECT tenant_id, agent, prev_hash, false, true, false, false, NULL, encode(hash, 'hex') COLLATE "C"
        FROM plumbline.chain_conflicts WHERE prev_hash <> ''
        UNION ALL
        SELECT tenant_id, agent, hash, false, false, true, false, NULL, NULL FROM plumbline.chain_anchors) seen
  GROUP BY tenant_id, agent, hash
), totals AS (
  SELECT tenant_id, agent, count(*) FILTER (WHERE came) AS entries, count(*) FILTER (WHERE starts) AS chains,
         count(*) FILTER (WHERE named AND NOT came AND NOT anchored) AS gaps, count(*) FILTER (WHERE came AND broken) AS breaks,
         count(*) FILTER (WHERE forked) AS forks, count(*) FILTER (WHERE verified AND NOT broken) AS verified
  FROM nodes GROUP BY tenant_id, agent
)
SELECT tenant_id, agent, entries, chains, gaps, breaks, forks, verified,
       CASE WHEN breaks > 0 THEN 'broken' WHEN forks > 0 THEN 'forked' WHEN gaps > 0 THEN 'gap' ELSE 'ok' END AS verdict
FROM totals WHERE entries > 0;

GRANT SELECT ON plumbline.chain_links, plumbline.chain_entries, plumbline.chain_gaps, plumbline.chain_forks, plumbline.chain_breaks,
  plumbline.chain_verdicts TO plumbline_reader, plumbline_analyst;

COMMENT ON TABLE plumbline.chain_chunks IS 'Links of agents'' hash chains, by the chunk: what one transaction stored of one agent, a link in each place of the arrays. Read it through chain_links.';
COMMENT ON COLUMN plumbline.chain_chunks.first_time IS 'Earliest of trace_time.';
COMMENT ON COLUMN plumbline.chain_chunks.last_time IS 'Latest of trace_time.';
COMMENT ON TABLE plumbline.chain_conflicts IS 'Links of contents that were not stored because their identity was taken by another content.';
COMMENT ON VIEW plumbline.chain_links IS 'Every different entry of an agent''s hash chain that ever arrived, stored or in conflict.';
COMMENT ON VIEW plumbline.chain_entries IS 'The chain''s entries, one row for each hash.';
COMMENT ON COLUMN plumbline.chain_entries.hash IS 'The entry''s hash.';
COMMENT ON COLUMN plumbline.chain_entries.prev_hash IS 'Hash of the entry before it in hexadecimal; empty at the start of a chain.';
COMMENT ON COLUMN plumbline.chain_entries.contents IS 'Different lines that came under this hash.';
COMMENT ON COLUMN plumbline.chain_entries.broken IS 'A content does not have this hash, or contents differ and not all of them could be checked.';
COMMENT ON COLUMN plumbline.chain_entries.verified IS 'A complete content came that has this hash.';
COMMENT ON VIEW plumbline.chain_gaps IS 'Entries whose predecessor never came: something in between was removed or has not arrived.';
COMMENT ON COLUMN plumbline.chain_gaps.missing_hash IS 'Hash that is named and missing.';
COMMENT ON COLUMN plumbline.chain_gaps.next_hash IS 'Hash of the entry that names it.';
COMMENT ON COLUMN plumbline.chain_gaps.trace_time IS 'Time of the entry that names it.';
COMMENT ON COLUMN plumbline.chain_gaps.trace_id IS 'Trace of the entry that names it.';
COMMENT ON VIEW plumbline.chain_forks IS 'Entries that two or more different entries follow.';
COMMENT ON COLUMN plumbline.chain_forks.parent_hash IS 'Hash that is followed more than once.';
COMMENT ON COLUMN plumbline.chain_forks.children IS 'How many different entries follow it.';
COMMENT ON VIEW plumbline.chain_breaks IS 'Entries whose content was changed.';
COMMENT ON COLUMN plumbline.chain_breaks.hash IS 'Hash of the entry.';
COMMENT ON COLUMN plumbline.chain_breaks.contents IS 'Different lines that came under this hash.';
COMMENT ON VIEW plumbline.chain_verdicts IS 'Is each agent''s decision chain whole? A function of the set of entries that arrived, in whatever order.';
COMMENT ON COLUMN plumbline.chain_verdicts.entries IS 'Different hashes.';
COMMENT ON COLUMN plumbline.chain_verdicts.chains IS 'Entries without a predecessor: the first, and one after each rotation of the agent''s file.';
COMMENT ON COLUMN plumbline.chain_verdicts.gaps IS 'Hashes that are named as predecessor and never came.';
COMMENT ON COLUMN plumbline.chain_verdicts.breaks IS 'Entries whose content was changed.';
COMMENT ON COLUMN plumbline.chain_verdicts.forks IS 'Entries that two or more different entries follow.';
COMMENT ON COLUMN plumbline.chain_verdicts.verified IS 'Entries whose complete content was checked against their hash.';
COMMENT ON COLUMN plumbline.chain_verdicts.verdict IS 'broken, forked, gap or ok: the first that applies.';
DO $$
DECLARE
  item text[];
  place text;
BEGIN
  FOREACH place IN ARRAY ARRAY['chain_chunks', 'chain_conflicts', 'chain_links', 'chain_entries', 'chain_gaps', 'chain_forks',
                               'chain_breaks', 'chain_verdicts'] LOOP
    EXECUTE format('COMMENT ON COLUMN plumbline.%I.tenant_id IS ''Tenant of the agent.''', place);
    EXECUTE format('COMMENT ON COLUMN plumbline.%I.agent IS ''Agent whose chain it is.''', place);
  END LOOP;
  FOREACH place IN ARRAY ARRAY['chain_chunks', 'chain_conflicts', 'chain_links'] LOOP
    FOREACH item SLICE 1 IN ARRAY ARRAY[
      ['hash', 'The entry''s own SHA-256, as the agent wrote it.'],
      ['digest', 'Digest of the entry''s line as it came: two under one hash are two contents.'],
      ['prev_hash', 'Hash of the entry before it; empty at the start of a chain.'],
      ['content', 'o: complete, and its content has this hash; b: complete, and it has not; u: metadata only, can''t be checked here.'],
      ['trace_time', 'Time of the trace that brought it.'],
      ['trace_id', 'Id of the trace that brought it.'],
      ['topic', 'Address in the log of the first arrival: topic, see log_topics.'],
      ['log_partition', 'Address in the log: partition.'],
      ['log_offset', 'Address in the log: offset.'],
      ['log_index', 'Address in the log: line of the frame.']] LOOP
      EXECUTE format('COMMENT ON COLUMN plumbline.%I.%I IS %L', place, item[1], item[2]);
    END LOOP;
  END LOOP;
END
$$;
