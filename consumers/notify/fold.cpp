#include "consumers/notify/fold.h"

#include <algorithm>

#include "consumers/loop/dead_letters.h"
#include "core/frame.h"

namespace plumbline::notify {
namespace {

// The tenant stands in the key, in a header and in the event: all three agree, or nobody is notified.
Status check_tenant(const log::ReadRecord& record, const channel::Event& event) {
  if (Uuid::parse(record.header(frame::kTenant)) != event.tenant.value) {
    return poison("tenant_mismatch", "header tenant is not the event's tenant");
  }
  if (record.key.size() < 37 || record.key[36] != '/' ||
      Uuid::parse(record.key.substr(0, 36)) != event.tenant.value) {
    return poison("tenant_mismatch", "the record's key does not start with the event's tenant");
  }
  return ok_status();
}

}  // namespace

postgres::DeadLetter dead_letter(const log::ReadRecord& record, const Error& why) {
  postgres::DeadLetter letter;
  letter.consumer = kConsumer;
  letter.topic = record.topic;
  letter.partition = record.partition;
  letter.offset = record.offset;
  letter.index = 0;
  letter.reason = why.code;
  letter.detail = loop::plain(why.message);
  if (const auto tenant = Uuid::parse(record.header(frame::kTenant))) letter.tenant = TenantId{*tenant};
  letter.received_at = TimeUs{record.timestamp_ms * 1000};
  letter.body = loop::body_text(record.value.substr(0, loop::kDeadBodyBytesMax));
  return letter;
}

std::size_t fold(std::span<const loop::Input> inputs, EventDecoder& decoder, Effects& effects) {
  effects.clear();
  const std::size_t taken = std::min(inputs.size(), kEventsMax);
  for (const loop::Input& input : inputs.first(taken)) {
    if (!input.fresh) {
      ++effects.replayed;
      continue;
    }
    auto event = decoder.decode(input.record->value);
    Status checked = event ? check_tenant(*input.record, *event) : Status(event.error());
    if (!checked) {
      effects.dead.push_back(dead_letter(*input.record, checked.error()));
    } else if (!event->notify) {
      ++effects.muted;
    } else {
      effects.events.push_back({std::move(*event), input.record->value, input.record});
    }
  }
  return taken;
}

}  // namespace plumbline::notify
