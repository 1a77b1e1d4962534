// One worker's edge: verify, read, admit, append, wait for the acks, answer. On the worker's thread only.
#pragma once
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/compress/compress.h"
#include "core/http/server.h"
#include "core/keys/keyring.h"
#include "producers/edge/appender.h"
#include "producers/edge/frames.h"
#include "producers/edge/intake.h"
#include "producers/edge/otlp_lines.h"
#include "producers/edge/outcomes.h"
#include "producers/edge/pending.h"
#include "producers/edge/response.h"
#include "producers/edge/shared.h"
#include "producers/edge/verify.h"

namespace plumbline::edge {

class EdgeHandler final : public http::Handler {
 public:
  EdgeHandler(http::Worker& worker, Shared& shared);
  ~EdgeHandler() override;

  bool on_head(const http::RequestHead& head, http::Responder& responder) override;
  void on_request(http::Request& request, http::Responder responder) override;
  void on_refusal(const http::Refusal& refusal, http::Responder responder) override;
  void on_turn_end() override;
  void on_tick() override;

 private:
  // A frame of up to a quarter of a block is made without asking the allocator: 2 MiB a worker.
  static constexpr std::size_t kArenaBlockBytes = std::size_t{512} << 10;
  static constexpr std::size_t kArenaBlocksKept = 4;

  // A request whose sender is known, whichever door it came in by.
  struct Sender {
    const codec::TenantRecord& tenant;
    std::string_view key_id;
    TimeUs now;
  };

  // intake.cpp's side of a request: handler_traces.cpp
  void take_in(http::Request& request, codec::Endpoint endpoint, http::Responder& responder);
  void read_and_append(const VerifiedBody& body, const http::RequestHead& head, codec::Endpoint endpoint,
                       TimeUs now, std::uint32_t slot);
  // The body as it was before its content coding, or nullptr when an answer was sent.
  PaddedBuffer* unpack(PaddedBuffer& body, const http::RequestHead& head, Pending& pending);
  // Counts `bytes` of pending.unpacked against the budget, in place of what it held; false: 503 was sent.
  bool hold(Pending& pending, std::size_t bytes);
  void settle(const Intaken& intaken, const Sender& sender, codec::Endpoint endpoint, std::uint32_t slot);
  bool admit(const Intaken& intaken, const Rates& rates, Pending& pending);
  void append(const Intaken& intaken, const Sender& sender, codec::Endpoint endpoint, std::uint32_t slot);
  void refuse(Pending& pending, Refused why, std::chrono::milliseconds wait);
  std::uint32_t open_pending(http::Responder& responder);
  // True: keys are unread or the tenant is suspended, and that was answered.
  bool not_now(const keys::KeyEntry* signer, const std::optional<OtlpForm>& form, http::Responder& responder);

  // OTLP with a bearer key: handler_otlp.cpp
  bool otlp_head(const http::RequestHead& head, const OtlpForm& form, http::Responder& responder);
  const keys::KeyEntry* bearer(const http::RequestHead& head, TimeUs now);
  void take_otlp(http::Request& request, const OtlpForm& form, http::Responder& responder);
  void read_and_append_otlp(PaddedBuffer& body, const http::RequestHead& head, const keys::KeyEntry& key,
                            TimeUs now, std::uint32_t slot);
  void answer_otlp_rejections(const Intaken& intaken, Pending& pending);

  // SonarQube's webhook: handler_sonarqube.cpp
  bool sonarqube_head(const http::RequestHead& head, http::Responder& responder);
  void take_sonarqube(http::Request& request, std::string_view key_id, http::Responder& responder);
  void read_and_append_sonarqube(PaddedBuffer& body, const Sender& sender, std::uint32_t slot);

  // acks and outcomes: handler_acks.cpp
  void on_acked(std::span<const log::Ack> acks);
  void finish(Pending& pending);
  void close(std::uint32_t slot);
  void publish_outcomes();
  void outcome_acked(const log::Ack& ack);
  void answer_the_late();
  void note_flushed();
  void connect();
  void renew_run();

  // answers: handler.cpp
  void send(http::Responder& responder, const http::Response& response);
  void problem(http::Responder& responder, const Problem& problem, std::string_view more = {},
               std::string_view fields = {});
  // In OTLP's form where there is one.
  void problem(http::Responder& responder, const std::optional<OtlpForm>& form, const Problem& problem,
               std::string_view more = {}, std::string_view fields = {});
  void answer_admin(const http::RequestHead& head, http::Responder& responder);
  std::optional<Problem> objection(const http::RequestHead& head) const;

  http::Worker& worker_;
  Shared& shared_;
  keys::KeyView keys_;
  compress::Decompressor decompressor_;
  Intake intake_;
  OtlpLines otlp_lines_;
  Arena arena_{kArenaBlockBytes, kArenaBlocksKept};
  std::optional<FrameBuilder> traces_;
  std::optional<FrameBuilder> reports_;
  RunId run_;
  bool run_spent_ =
      false;  // a frame was not confirmed: later ones get a new run, so that they don't show a hole
  PendingRequests pending_;
  Outcomes outcomes_;
  std::vector<OutcomeRecord> publishing_;  // on their way; index is the token's
  std::size_t publishing_left_ = 0;
  std::chrono::steady_clock::time_point published_at_{};
  std::chrono::steady_clock::time_point rebuilt_at_{};
  bool flushed_ = false;
  std::vector<log::Record> records_;
  std::string text_;  // of an answer
  Appender appender_;
};

}  // namespace plumbline::edge
