#include "producers/push/reply.h"

#include <charconv>

#include "core/codec/body.h"
#include "core/codec/python_canonical.h"
#include "producers/push/document.h"

namespace plumbline::push {
namespace {

using codec::PythonMember;
using codec::PythonObject;

std::int64_t whole_of(const PythonObject& object, std::string_view name, std::int64_t otherwise) {
  const PythonMember* member = object.find(name);
  if (member == nullptr || member->kind != PythonMember::Kind::kInteger) return otherwise;
  std::int64_t value = otherwise;
  std::from_chars(member->canonical.data(), member->canonical.data() + member->canonical.size(), value);
  return value;
}

void read_rejected(const PythonMember& list, Reply& reply) {
  std::string copy{list.raw};  // the splitter works in place
  codec::BodySplitter splitter;
  const auto items = splitter.split(copy.data(), copy.size(), codec::MediaType::kJson);
  if (!items) return;  // an empty list
  for (const std::string_view item : *items) {
    const auto object = PythonObject::parse(item);
    if (!object) continue;
    reply.rejected.push_back({whole_of(*object, "index", -1), std::string(text_of(*object, "id")),
                              std::string(text_of(*object, "reason"))});
  }
}

}  // namespace

Reply parse_reply(std::string_view body) {
  Reply reply;
  const auto object = PythonObject::parse(body);
  if (!object) return reply;
  const PythonMember* list = object->find("rejected");
  reply.counted = object->find("accepted") != nullptr || list != nullptr;
  reply.accepted = whole_of(*object, "accepted", 0);
  if (list != nullptr && list->kind == PythonMember::Kind::kArray) read_rejected(*list, reply);
  reply.detail = text_of(*object, "detail");
  if (reply.detail.empty()) reply.detail = text_of(*object, "title");
  return reply;
}

}  // namespace plumbline::push
