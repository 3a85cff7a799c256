// One connection, which carries one request: read until that is whole, answered, and closed.
//
// It never waits. Its owner, one thread at a time, calls proceed() when poll() says that there is something to do, and
// what it returns says who owns it next. A request that will be none, is too large or too late is answered here, and so
// is who may not ask at all; what the client still sends then is read and thrown away, because a socket that is closed
// with unread bytes takes the answer from the client's hands (ECONNRESET).
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <string_view>

#include "agent/server/problem.h"
#include "agent/server/request_framing.h"
#include "agent/server/transport.h"
#include "common/base/unique_fd.h"

namespace netclsd {

struct ConnectionLimits {
  FramingLimits framing;
  std::chrono::milliseconds request_timeout = std::chrono::seconds{2};  // from accepting to the whole request
  std::chrono::milliseconds answer_timeout = std::chrono::seconds{2};   // from the answer to its last byte
};

class Connection {
 public:
  using Clock = std::chrono::steady_clock;

  enum class Next {
    kWait,   // poll() for events(), until deadline()
    kServe,  // request() is whole: a worker's turn
    kClose,  // it is over
  };

  // `transport` is not null. `is_guest`: may read at most (agent/server/peer.h).
  Connection(UniqueFd socket, std::unique_ptr<Transport> transport, const ConnectionLimits& limits, bool is_guest);

  [[nodiscard]] int fd() const { return socket_.get(); }
  [[nodiscard]] bool is_guest() const { return is_guest_; }
  // Begun, and not all of it is with the kernel yet.
  [[nodiscard]] bool owes_answer() const { return stage_ == Stage::kAnswering && has_unsent(); }
  [[nodiscard]] short events() const;
  [[nodiscard]] Clock::time_point deadline() const { return deadline_; }
  [[nodiscard]] std::string_view request() const;

  // Receives and sends what can be without waiting.
  [[nodiscard]] Next proceed();
  // The deadline has passed.
  [[nodiscard]] Next give_up();
  // Begins the answer, and sends what can be without waiting.
  [[nodiscard]] Next answer(std::string_view text);
  [[nodiscard]] Next refuse(const Problem& problem);

 private:
  enum class Stage { kReading, kAnswering, kLingering };

  [[nodiscard]] bool receive();  // false: the connection is of no use any more
  [[nodiscard]] bool on_end();
  void take(std::string_view wire);
  void begin_answer(std::string_view text, bool must_linger);
  void begin_refusal(const Problem& problem);
  [[nodiscard]] bool send();
  [[nodiscard]] Next next();
  [[nodiscard]] bool has_unsent() const { return sent_ < wire_.size(); }

  UniqueFd socket_;
  std::unique_ptr<Transport> transport_;
  const ConnectionLimits& limits_;
  const bool is_guest_;
  Stage stage_ = Stage::kReading;
  bool has_ended_ = false;    // the client sends nothing more
  bool must_linger_ = false;  // it may still be sending
  Clock::time_point deadline_;
  std::string request_;
  Frame frame_;
  std::string wire_;
  std::size_t sent_ = 0;
};

}  // namespace netclsd
