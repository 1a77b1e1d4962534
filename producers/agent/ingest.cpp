// POST /ingest: docs/agent.md has the contract.
#include <algorithm>

#include "core/codec/body.h"
#include "core/codec/json_writer.h"
#include "producers/agent/listener.h"

namespace plumbline::agent {
namespace {

// Behind it, rejections are counted only: the answer stays small.
constexpr std::size_t kRejectionsSaid = 500;

class Ingest final : public Endpoint {
 public:
  [[nodiscard]] const char* wanted_type(std::string_view content_type) const override {
    return codec::parse_media_type(content_type) ? nullptr : "send application/json or application/x-ndjson";
  }

  void take(Received received, Intake& intake, Answered answered) override {
    const auto type = codec::parse_media_type(received.content_type).value_or(codec::MediaType::kNdjson);
    body_.assign(received.body);  // the splitter works in place
    const auto items = splitter_.split(body_.data(), body_.size(), type);
    if (!items)
      return answered(problem(items.error().code == "too_many_items" ? 413 : 400, "The body can't be read",
                              items.error().message, {}));
    const std::vector<std::string> lines(items->begin(), items->end());
    intake.take(lines, [this, answered = std::move(answered)](const Taken& taken) {
      if (!taken.status)
        return answered(problem(503, "The spool takes nothing now", taken.status.error().message, {}));
      answered(answer(taken));
    });
  }

 private:
  static Answer answer(const Taken& taken) {
    Answer answer{taken.accepted == 0 ? 422 : 202, "application/json", {}, {}};
    codec::JsonWriter out(answer.body);
    out.open_object().member("accepted", taken.accepted).member("rejected_total", taken.refused.size());
    out.key("rejected").open_array();
    for (std::size_t i = 0; i < std::min(taken.refused.size(), kRejectionsSaid); ++i) {
      const Refused& one = taken.refused[i];
      out.open_object()
          .member("index", one.index)
          .member("reason", one.reason)
          .member("detail", one.detail)
          .close_object();
    }
    out.close_array().close_object();
    return answer;
  }
  codec::BodySplitter splitter_;
  std::string body_;
};

}  // namespace

std::shared_ptr<Endpoint> ingest_endpoint() {
  return std::make_shared<Ingest>();
}

}  // namespace plumbline::agent
