// The stock OpenTelemetry SDK for Node as an application has it; where it sends is in its environment variables alone.
// client.cjs SPANS
const { NodeSDK } = require("@opentelemetry/sdk-node");
const { trace, SpanKind, SpanStatusCode } = require("@opentelemetry/api");
const { logs, SeverityNumber } = require("@opentelemetry/api-logs");

const count = Number(process.argv[2]);
const sdk = new NodeSDK();
sdk.start();
const tracer = trace.getTracer("example.instrumentation", "0.1");
const logger = logs.getLogger("example.instrumentation", "0.1");
for (let number = 0; number < count; ++number) {
  const conversation = `conv-${number % 5}`;
  const agent = { "gen_ai.operation.name": "invoke_agent", "gen_ai.agent.name": "support", "gen_ai.conversation.id": conversation };
  tracer.startActiveSpan("invoke_agent support", { attributes: agent }, (outer) => {
    const inner = tracer.startSpan("chat gpt-5", {
      kind: SpanKind.CLIENT,
      attributes: {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "openai",
        "gen_ai.request.model": "gpt-5",
        "gen_ai.response.model": "gpt-5-2026",
        "gen_ai.usage.input_tokens": 100 + number,
        "gen_ai.usage.output_tokens": 7,
        "gen_ai.conversation.id": conversation,
        "gen_ai.input.messages": "planted-secret-content",
      },
    });
    if (number === 0) {
      inner.setStatus({ code: SpanStatusCode.ERROR, message: "planted-secret-content" });
      inner.setAttribute("error.type", "timeout");
    }
    inner.end();
    outer.end();
  });
  logger.emit({
    severityNumber: SeverityNumber.INFO,
    severityText: "INFO",
    eventName: "api_request",
    body: "planted-secret-content",
    attributes: { model: "gpt-5", input_tokens: number, "session.id": "log-session" },
  });
}
sdk.shutdown().then(
  () => process.exit(0),
  (error) => {
    console.error(error);
    process.exit(1);
  },
);
