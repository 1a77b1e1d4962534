#!/usr/bin/env python3
"""The stock OpenTelemetry SDK for Python as an application has it; where it sends is in its environment variables alone:
client.py SPANS"""
import logging
import sys

from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk._logs import LoggerProvider, LoggingHandler
from opentelemetry.sdk._logs.export import BatchLogRecordProcessor
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import SpanKind, Status, StatusCode

count = int(sys.argv[1])
provider = TracerProvider()
provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
tracer = provider.get_tracer("example.instrumentation", "0.1")
for number in range(count):
    conversation = f"conv-{number % 5}"
    with tracer.start_as_current_span("invoke_agent support", attributes={
            "gen_ai.operation.name": "invoke_agent", "gen_ai.agent.name": "support", "gen_ai.conversation.id": conversation}):
        with tracer.start_as_current_span("chat gpt-5", kind=SpanKind.CLIENT, attributes={
                "gen_ai.operation.name": "chat", "gen_ai.system": "openai", "gen_ai.request.model": "gpt-5",
                "gen_ai.response.model": "gpt-5-2026", "gen_ai.usage.prompt_tokens": 100 + number, "gen_ai.usage.completion_tokens": 7,
                "gen_ai.conversation.id": conversation, "gen_ai.input.messages": "planted-secret-content"}) as span:
            if number == 0:
                span.set_status(Status(StatusCode.ERROR, "planted-secret-content"))
                span.set_attribute("error.type", "timeout")
provider.shutdown()

logs = LoggerProvider()
logs.add_log_record_processor(BatchLogRecordProcessor(OTLPLogExporter()))
logger = logging.getLogger("agent")
logger.setLevel(logging.INFO)
logger.addHandler(LoggingHandler(logger_provider=logs))
for number in range(count):
    logger.info("planted-secret-content", extra={"event.name": "api_request", "model": "gpt-5", "input_tokens": number,
                                                  "session.id": "log-session"})
logs.shutdown()
