// What people and models said stays behind by these names; core/redact asks here, too.
#include <algorithm>
#include <array>

#include "core/otlp/events.h"

namespace plumbline::otlp {

bool is_content(std::string_view key) {
  // Exact names of the conventions and of agent runtimes' logs, then prefixes: indexed ones
  // (gen_ai.prompt.0.content) and those of other instrumentations (OpenLLMetry's traceloop.*, OpenInference's
  // input.value and llm.*, the Vercel AI SDK's ai.*).
  constexpr std::array<std::string_view, 31> kExact = {"body",
                                                       "prompt",
                                                       "completion",
                                                       "input",
                                                       "output",
                                                       "message",
                                                       "content",
                                                       "response",
                                                       "user_prompt",
                                                       "tool_input",
                                                       "tool_parameters",
                                                       "tool_result",
                                                       "error",
                                                       "input.value",
                                                       "output.value",
                                                       "exception.message",
                                                       "exception.stacktrace",
                                                       "event.body",
                                                       "process.command_args",
                                                       "process.command_line",
                                                       "db.query.text",
                                                       "arguments",
                                                       "function_args",
                                                       "request_text",
                                                       "response_text",
                                                       "tool_output",
                                                       "tool.output",
                                                       "full_command",
                                                       "bash_command",
                                                       "response.model_output",
                                                       "error.message"};
  constexpr std::array<std::string_view, 33> kPrefixes = {"gen_ai.prompt",
                                                          "gen_ai.completion",
                                                          "gen_ai.input",
                                                          "gen_ai.output.messages",
                                                          "gen_ai.system_instructions",
                                                          "gen_ai.system.message",
                                                          "gen_ai.user.message",
                                                          "gen_ai.assistant.message",
                                                          "gen_ai.tool.message",
                                                          "gen_ai.tool.call.arguments",
                                                          "gen_ai.tool.call.result",
                                                          "gen_ai.tool.definitions",
                                                          "gen_ai.event.content",
                                                          "gen_ai.retrieval",
                                                          "traceloop.entity.",
                                                          "llm.prompts",
                                                          "llm.completions",
                                                          "llm.input_messages",
                                                          "gen_ai.request.messages",
                                                          "gen_ai.response.text",
                                                          "gen_ai.response.object",
                                                          "gen_ai.tool.input",
                                                          "gen_ai.tool.output",
                                                          "ai.prompt",
                                                          "ai.result",
                                                          "ai.response.text",
                                                          "ai.response.object",
                                                          "ai.response.reasoning",
                                                          "ai.response.toolCalls",
                                                          "ai.toolCall.args",
                                                          "ai.toolCall.result",
                                                          "ai.value",
                                                          "ai.embedding"};
  if (key.starts_with("llm.output_messages") || key.starts_with("retrieval.documents")) return true;
  return std::find(kExact.begin(), kExact.end(), key) != kExact.end() ||
         std::any_of(kPrefixes.begin(), kPrefixes.end(),
                     [key](std::string_view p) { return key.starts_with(p); });
}

}  // namespace plumbline::otlp
