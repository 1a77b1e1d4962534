-- Sessions are found by a B-tree instead of a hash index. All rows of a session have one hash: they form one chain of overflow
-- pages, and every insert walks it from its start, so a store got slower with each row of a long session.
-- A B-tree keeps a session's rows as one compressed list. text_pattern_ops compares bytes whatever the database's collation
-- is, and its equality is the same leakproof one, so readers under row-level security use it.
DROP INDEX plumbline.traces_session;
CREATE INDEX traces_session ON plumbline.traces (session text_pattern_ops) WHERE session IS NOT NULL;
