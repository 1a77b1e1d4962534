#!/usr/bin/env python3
"""A stock OpenTelemetry SDK with only the endpoint changed: otel_client.py ENDPOINT SPANS"""
import logging
import sys

from opentelemetry._logs import set_logger_provider
from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk._logs import LoggerProvider, LoggingHandler
from opentelemetry.sdk._logs.export import BatchLogRecordProcessor
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import SpanKind, Status, StatusCode

endpoint, count = sys.argv[1], int(sys.argv[2])
resource = Resource.create({"service.name": "support-bot", "service.version": "1.4.0"})
provider = TracerProvider(resource=resource)
provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(endpoint=endpoint + "/v1/traces")))
tracer = provider.get_tracer("example.instrumentation", "0.1")
for number in range(count):
    with tracer.start_as_current_span("invoke_agent support", attributes={
            "gen_ai.operation.name": "invoke_agent", "gen_ai.agent.name": "support", "gen_ai.conversation.id": f"conv-{number % 5}"}):
        with tracer.start_as_current_span("chat gpt-5", kind=SpanKind.CLIENT, attributes={
                "gen_ai.operation.name": "chat", "gen_ai.system": "openai", "gen_ai.request.model": "gpt-5",
                "gen_ai.response.model": "gpt-5-2026", "gen_ai.usage.input_tokens": 100 + number, "gen_ai.usage.output_tokens": 7,
                "gen_ai.conversation.id": f"conv-{number % 5}", "gen_ai.input.messages": "planted-secret-content"}) as span:
            if number == 0:
                span.set_status(Status(StatusCode.ERROR, "planted-secret-content"))
                span.set_attribute("error.type", "timeout")
provider.shutdown()

logs = LoggerProvider(resource=resource)
set_logger_provider(logs)
logs.add_log_record_processor(BatchLogRecordProcessor(OTLPLogExporter(endpoint=endpoint + "/v1/logs")))
logger = logging.getLogger("agent")
logger.setLevel(logging.INFO)
logger.addHandler(LoggingHandler(logger_provider=logs))
for number in range(count):
    logger.info("planted-secret-content", extra={"event.name": "api_request", "model": "gpt-5", "input_tokens": number,
                                                  "session.id": "log-session"})
logs.shutdown()
