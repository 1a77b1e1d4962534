#include "producers/push/batch.h"

namespace plumbline::push {
namespace {

bool has_room(const Batch& batch, const Event& event) {
  return batch.events.empty() || (batch.events.size() < kBatchEventsMax &&
                                  batch.body.size() + event.line.size() + 1 <= kBatchBytesMax);
}

void cut_endpoint(std::span<const Event> events, bool report, std::vector<Batch>& batches) {
  Batch batch{.report = report, .body = {}, .events = {}};
  for (const Event& event : events) {
    if (event.report != report) continue;
    if (!has_room(batch, event)) {
      batches.push_back(std::move(batch));
      batch = {.report = report, .body = {}, .events = {}};
    }
    batch.body.append(event.line).append("\n");
    batch.events.push_back(&event);
  }
  if (!batch.events.empty()) batches.push_back(std::move(batch));
}

}  // namespace

std::vector<Batch> cut(std::span<const Event> events) {
  std::vector<Batch> batches;
  cut_endpoint(events, false, batches);
  cut_endpoint(events, true, batches);
  return batches;
}

}  // namespace plumbline::push
