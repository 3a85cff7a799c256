// The stream of process events: one subscribed socket, proven to be alive. Loop thread only.
//
// The stream can die silently: since 6.6 any user in the initial namespaces can drive the kernel's one listener counter
// to zero or below, and every listener goes deaf without an error. So a canary is sent every second; if it does not
// arrive at once, new sockets subscribe until it does (each adds one to the counter), and everything is swept. The
// first socket hears again, too: it stays, because its large buffer needs a capability that the agent has given up
// (docs/adr/0019).
#pragma once

#include <functional>
#include <optional>

#include "agent/engine/counters.h"
#include "agent/engine/host.h"
#include "agent/kernel/event_loop.h"
#include "agent/kernel/proc_connector.h"

namespace netclsd {

struct EventStreamOptions {
  Pid self;
  std::uint64_t receive_buffer_bytes = 64U << 20;
};

class EventStream : public EventSource {
 public:
  // `loop`, `proc` (an open /proc) and `counters` outlive the stream.
  EventStream(EventLoop& loop, const UniqueFd& proc, Counters& counters, EventStreamOptions options)
      : loop_(loop), proc_(proc), counters_(counters), options_(options) {}
  ~EventStream() override;
  EventStream(const EventStream&) = delete;
  EventStream& operator=(const EventStream&) = delete;

  // Subscribes and hears a first canary. The error says which namespace or kernel option is in the way.
  [[nodiscard]] Result<void> subscribe();

  void drain(EventSink& sink) override;

  // A throw-away socket subscribes and hears the kernel's answer: what every later subscription will need.
  [[nodiscard]] bool can_subscribe_anew() const;

  // Its events then do not end the loop's wait: they gather until the next drain.
  void let_gather(bool is_gathering);
  [[nodiscard]] std::uint64_t received() const { return received_; }  // messages so far

  // Once a second; drains. kHealed: the stream was deaf and is not any more; kDeaf: it still is.
  enum class Pulse { kAlive, kHealed, kDeaf };
  [[nodiscard]] Pulse check_pulse(EventSink& sink);

 private:
  [[nodiscard]] Result<void> listen_once();
  [[nodiscard]] bool hears_its_canary(EventSink& sink);
  [[nodiscard]] bool resubscribe(EventSink& sink);
  [[nodiscard]] static bool has_a_canary(ProcConnector& connector);
  void use(ProcConnector connector);
  void handle(const ConnectorMessage& message, EventSink& sink);

  EventLoop& loop_;
  const UniqueFd& proc_;
  Counters& counters_;
  EventStreamOptions options_;
  std::optional<ProcConnector> connector_;
  bool is_deaf_ = false;
  bool is_gathering_ = false;
  std::uint64_t received_ = 0;
  std::uint64_t canaries_heard_ = 0;
  std::uint64_t dropped_ = 0;  // on all our sockets so far
};

}  // namespace netclsd
