-- Spans and log records of agent runtimes (schemas/events/span.v1.json) with their columns. A view: spans are rows of traces like
-- every other event, and what is asked of them is bounded by time or session, which traces is partitioned and indexed by.
CREATE VIEW plumbline.spans WITH (security_invoker = true) AS
SELECT t.time, t.tenant_id, t.id, t.agent, t.session, t.repo, t.branch, t.commit, t.version, t.received_at,
       coalesce(d.data ->> 'signal', 'span') AS signal, d.data ->> 'name' AS name, d.data ->> 'trace_id' AS trace_id,
       d.data ->> 'span_id' AS span_id, d.data ->> 'parent_span_id' AS parent_span_id, d.data ->> 'span_kind' AS span_kind,
       d.data ->> 'status' AS status, (d.data ->> 'duration_us')::numeric::bigint AS duration_us,
       d.data ->> 'operation' AS operation, d.data ->> 'provider' AS provider, d.data ->> 'request_model' AS request_model,
       d.data ->> 'response_model' AS response_model, (d.data ->> 'input_tokens')::numeric::bigint AS input_tokens,
       (d.data ->> 'output_tokens')::numeric::bigint AS output_tokens, d.data ->> 'agent_id' AS agent_id,
       d.data ->> 'agent_name' AS agent_name, d.data ->> 'conversation' AS conversation, d.data ->> 'tool_name' AS tool_name,
       d.data ->> 'tool_call_id' AS tool_call_id, d.data ->> 'tool_type' AS tool_type, d.data ->> 'error_type' AS error_type,
       d.data ->> 'scope' AS scope, d.data -> 'attributes' AS attributes, d.data -> 'resource' AS resource,
       d.data -> 'events' AS events
FROM plumbline.traces t, LATERAL (SELECT t.payload::jsonb -> 'data' AS data) d
WHERE t.kind = 'span';
GRANT SELECT ON plumbline.spans TO plumbline_reader, plumbline_analyst;

COMMENT ON VIEW plumbline.spans IS 'OpenTelemetry spans and log records of agent runtimes, the GenAI conventions in columns.';
COMMENT ON COLUMN plumbline.spans.time IS 'Start of the span, or time of the log record.';
COMMENT ON COLUMN plumbline.spans.signal IS 'Which OTLP signal brought it: span or log.';
COMMENT ON COLUMN plumbline.spans.name IS 'Name of the span, or event name of the log record.';
COMMENT ON COLUMN plumbline.spans.trace_id IS 'OpenTelemetry trace, 32 hexadecimal digits.';
COMMENT ON COLUMN plumbline.spans.span_id IS 'OpenTelemetry span, 16 hexadecimal digits.';
COMMENT ON COLUMN plumbline.spans.parent_span_id IS 'The span it is in; null for a root.';
COMMENT ON COLUMN plumbline.spans.span_kind IS 'internal, server, client, producer or consumer.';
COMMENT ON COLUMN plumbline.spans.status IS 'unset, ok or error; of a log record its severity.';
COMMENT ON COLUMN plumbline.spans.duration_us IS 'From start to end, in microseconds.';
COMMENT ON COLUMN plumbline.spans.operation IS 'gen_ai.operation.name: chat, invoke_agent, execute_tool and others.';
COMMENT ON COLUMN plumbline.spans.provider IS 'gen_ai.provider.name, or the deprecated gen_ai.system.';
COMMENT ON COLUMN plumbline.spans.request_model IS 'gen_ai.request.model.';
COMMENT ON COLUMN plumbline.spans.response_model IS 'gen_ai.response.model.';
COMMENT ON COLUMN plumbline.spans.input_tokens IS 'gen_ai.usage.input_tokens, or the deprecated prompt_tokens.';
COMMENT ON COLUMN plumbline.spans.output_tokens IS 'gen_ai.usage.output_tokens, or the deprecated completion_tokens.';
COMMENT ON COLUMN plumbline.spans.agent_id IS 'gen_ai.agent.id.';
COMMENT ON COLUMN plumbline.spans.agent_name IS 'gen_ai.agent.name.';
COMMENT ON COLUMN plumbline.spans.conversation IS 'gen_ai.conversation.id.';
COMMENT ON COLUMN plumbline.spans.tool_name IS 'gen_ai.tool.name.';
COMMENT ON COLUMN plumbline.spans.tool_call_id IS 'gen_ai.tool.call.id.';
COMMENT ON COLUMN plumbline.spans.tool_type IS 'gen_ai.tool.type.';
COMMENT ON COLUMN plumbline.spans.error_type IS 'error.type.';
COMMENT ON COLUMN plumbline.spans.scope IS 'Name of the instrumentation scope.';
COMMENT ON COLUMN plumbline.spans.attributes IS 'All other attributes by key.';
COMMENT ON COLUMN plumbline.spans.resource IS 'Attributes of the resource by key.';
COMMENT ON COLUMN plumbline.spans.events IS 'Events of the span.';
DO $$
DECLARE
  item record;
BEGIN
  FOR item IN
    SELECT va.attname, col_description(t.oid, ta.attnum) AS said
    FROM pg_class v, pg_class t, pg_attribute va, pg_attribute ta
    WHERE v.oid = 'plumbline.spans'::regclass AND t.oid = 'plumbline.traces'::regclass AND va.attrelid = v.oid AND va.attnum > 0
      AND ta.attrelid = t.oid AND ta.attname = va.attname AND ta.attnum > 0 AND col_description(v.oid, va.attnum) IS NULL
  LOOP
    EXECUTE format('COMMENT ON COLUMN plumbline.spans.%I IS %L', item.attname, item.said);
  END LOOP;
END
$$;
