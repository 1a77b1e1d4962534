-- Sessions are found by tenant and name: who asks for the name of another tenant's session meets as many rows as for a name that is
-- nobody's, which is none. The lists of rows for equal keys stay compressed, so an entry's sixteen bytes more are paid once for a
-- session and a day.
DROP INDEX plumbline.traces_session;
CREATE INDEX traces_session ON plumbline.traces (tenant_id, session text_pattern_ops) WHERE session IS NOT NULL;
