// One connection to the runtime, from RegisterPlugin to its end: bytes in; bytes to send and containers out. Knows no
// socket, no clock and no agent. Pure.
//
//     we    RegisterPlugin{name, index}  →  the runtime answers
//     the runtime then calls, and we answer:
//           Configure                       which events we want
//           Synchronize, once or in parts   which containers there are
//           StartContainer, …               dedicated calls (NRI 0.12), or one StateChange for all (before)
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "nri/frames.h"
#include "nri/messages.h"

namespace netclsd::nri {

// A container whose init waits for our answer: Session::let_start() or refuse().
struct Starting {
  std::uint32_t stream = 0;
  Subject subject;
};

// How many of each kind came.
struct Requests {
  std::uint64_t start_container = 0;
  std::uint64_t post_start_container = 0;
  std::uint64_t synchronize = 0;
  friend bool operator==(const Requests&, const Requests&) = default;
};

struct Received {
  std::string to_send;             // before anything else is done: the runtime waits
  std::vector<Starting> starting;  // in this order
  std::vector<Subject> running;    // run already, as Synchronize and PostStartContainer say; in no hurry
  Requests requests = {};
};

class Session {
 public:
  // What is sent first, once.
  [[nodiscard]] static std::string hello(std::string_view name, std::string_view index);

  // An error ends the connection. kForbidden: this runtime must not be connected to at all.
  [[nodiscard]] Result<Received> receive(std::string_view bytes);

  [[nodiscard]] static std::string let_start(std::uint32_t stream);
  [[nodiscard]] static std::string refuse(std::uint32_t stream, std::string_view why);

  // True as soon as the runtime has told all its containers.
  [[nodiscard]] bool is_synchronized() const { return is_synchronized_; }
  // After that it gives the plugin up.
  [[nodiscard]] std::chrono::milliseconds request_timeout() const { return request_timeout_; }
  // "containerd 2.1.9", or empty before Configure.
  [[nodiscard]] const std::string& runtime() const { return runtime_; }

 private:
  [[nodiscard]] Result<void> take(const Message& message, Received& received);
  [[nodiscard]] Result<void> take_call(std::uint32_t stream, const Call& call, Received& received);
  [[nodiscard]] Result<void> configure(std::uint32_t stream, const Call& call, Received& received);
  [[nodiscard]] Result<void> synchronize(std::uint32_t stream, const Call& call, Received& received);
  [[nodiscard]] Result<void> change_state(std::uint32_t stream, const Call& call, Received& received);
  void take_event(std::uint32_t stream, std::uint32_t event, Subject subject, Received& received);
  void remember(const std::string& id);
  [[nodiscard]] bool forget(const std::string& id);

  FrameReader frames_;
  Listing listing_;               // of the parts so far
  std::deque<std::string> seen_;  // containers of StartContainer: their PostStartContainer says nothing new
  std::chrono::milliseconds request_timeout_{0};
  std::string runtime_;
  bool is_synchronized_ = false;
};

// Why the plugin must not run with this runtime; empty: it may. Before 1.7.16 containerd can lock up when a plugin
// registers while a container starts. A version that cannot be read counts as new.
[[nodiscard]] std::string refusal_of(std::string_view runtime, std::string_view version);

}  // namespace netclsd::nri
