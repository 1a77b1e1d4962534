// Appends from a process that does not own the log: frames over the owner's socket. Every record is acked
// exactly once, on one thread of the producer, whatever becomes of the connection.
#pragma once
#include <condition_variable>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "core/log/log.h"

namespace plumbline::log::embedded {

class ClientProducer final : public Producer {
 public:
  ClientProducer(std::string dir, std::int64_t bytes_max, AckListener& listener);
  ~ClientProducer() override;  // waits for acks, then says "unconfirmed" of what is left
  void append(const Record& record, std::uint64_t token) override;
  void submit() override;

 private:
  bool connected();  // after a lost connection: tries once
  void hang_up();
  void receive();
  bool take_acks(std::string_view from);
  void deliver();

  std::string dir_;
  std::int64_t bytes_max_;
  AckListener& listener_;
  int fd_ = -1;
  std::string frame_;
  std::vector<char> encoded_;
  std::vector<std::uint64_t> tokens_;
  std::vector<Ack> refused_;
  std::thread receiver_;

  std::mutex mutex_;  // everything below
  std::condition_variable changed_;
  bool broken_ = false;  // nobody receives on fd_ any more
  bool closing_ = false;
  std::multiset<std::uint64_t> out_;  // sent, no ack yet
  std::vector<Ack> ready_;            // for the listener
  std::thread deliverer_;
};

}  // namespace plumbline::log::embedded
