#include "core/telemetry/trouble.h"

#include "core/telemetry/logging.h"

namespace plumbline::telemetry {
namespace {

constexpr std::chrono::seconds kAgain{60};
// Codes are few and of this program; should one ever hold what varies, memory stays what it is.
constexpr std::size_t kCodesMax = 32;

}  // namespace

void Trouble::met(const Error& error, Time now) {
  const std::lock_guard lock(mutex_);
  if (!began_) began_ = now;
  ++times_;
  if (codes_.size() >= kCodesMax && !codes_.contains(error.code)) codes_.clear();
  const auto [found, fresh] = codes_.try_emplace(error.code, Code{now, 0});
  Code& code = found->second;
  ++code.untold;
  if (!fresh && now - code.told_at < kAgain) return;
  const std::int64_t times = code.untold;
  code = {now, 0};
  told_ = true;
  if (who_.empty()) {
    warn(event_, {{"code", std::string_view(error.code)},
                  {"message", std::string_view(error.message)},
                  {"times", times}});
  } else {
    warn(event_, {{"consumer", std::string_view(who_)},
                  {"code", std::string_view(error.code)},
                  {"message", std::string_view(error.message)},
                  {"times", times}});
  }
}

void Trouble::over(Time now) {
  const std::lock_guard lock(mutex_);
  if (!began_) return;
  const double lasted_s = std::chrono::duration<double>(now - *began_).count();
  if (told_ && who_.empty()) {
    info(event_, {{"over", true}, {"lasted_s", lasted_s}, {"times", times_}});
  } else if (told_) {
    info(event_,
         {{"consumer", std::string_view(who_)}, {"over", true}, {"lasted_s", lasted_s}, {"times", times_}});
  }
  began_.reset();
  told_ = false;
  times_ = 0;
}

}  // namespace plumbline::telemetry
