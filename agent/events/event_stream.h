// The stream of process events: one subscribed socket, proven to be alive. Loop thread only.
//
// The stream can die silently. Since Linux 6.6 any user in the initial namespaces can bring the kernel's one counter of
// listeners to zero or below (proc_event_num_listeners in drivers/connector/cn_proc.c). Then no listener gets events
// any more, and none gets an error. So a canary is sent every second. If it does not arrive at once, new sockets
// subscribe until it does (each adds one to the counter), and everything is swept. The first socket then gets events
// again, and stays in use: its large buffer needs a capability that the agent has given up (docs/adr/0019).
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "agent/events/proc_connector.h"
#include "agent/host/event_loop.h"
#include "agent/host/host.h"
#include "agent/metrics/counters.h"

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

  // To be called once, first. kAlive: the kernel has answered, and a first canary has arrived. kDeaf: it has not,
  // though nothing is in the way, so its counter is below one. An error is one line that says what is in the way: a
  // namespace, a kernel option, or a lack of descriptors or memory.
  [[nodiscard]] Result<Pulse> subscribe();
  // After a deaf subscribe(): subscribes again and again, for some two seconds if need be. It must be done before /proc
  // is read for the first time.
  [[nodiscard]] Pulse subscribe_patiently();

  EventBatch take() override;
  // kHealed: the stream was deaf and is not any more; kDeaf: it still is, and the next call tries again.
  Pulse check_pulse() override;
  [[nodiscard]] bool is_deaf() const { return is_deaf_; }  // as the last subscription or check found it

  // Why the last attempt to heal it failed.
  [[nodiscard]] const std::string& deaf_because() const { return deaf_because_; }

  // Subscribes with a socket that is thrown away, and waits for the kernel's answer: whether the calling thread, as it
  // is now, could do what every later subscription needs.
  [[nodiscard]] bool can_subscribe_anew() const;

  // While true, events do not end the loop's wait. They gather until the next take().
  void let_gather(bool is_gathering);
  [[nodiscard]] std::uint64_t received() const { return received_; }  // messages so far

 private:
  [[nodiscard]] Result<void> begin();
  [[nodiscard]] Result<Pulse> explain(const Error& error, std::string_view what) const;
  [[nodiscard]] bool receive();
  void receive_all();
  void note(const ConnectorMessage& message);
  [[nodiscard]] bool hears_its_canary();
  void send_measured_canary();
  void tell_capacity();
  void tell_round_trip(std::chrono::steady_clock::time_point sent_at);
  [[nodiscard]] Pulse heal(int subscriptions_max);
  [[nodiscard]] Result<void> resubscribe(int subscriptions_max);
  [[nodiscard]] static bool has_a_canary(ProcConnector& connector);
  [[nodiscard]] Result<void> use(ProcConnector connector);

  EventLoop& loop_;
  const UniqueFd& proc_;
  Counters& counters_;
  EventStreamOptions options_;
  std::optional<ProcConnector> connector_;
  bool is_deaf_ = false;
  std::string deaf_because_;
  bool is_gathering_ = false;
  std::uint64_t received_ = 0;
  std::uint64_t canaries_heard_ = 0;
  std::uint32_t event_bytes_ = 0;         // of the buffer that one event takes; 0: not known yet
  std::uint64_t dropped_ = 0;             // on all our sockets so far
  std::uint64_t dropped_untold_ = 0;      // of these, those that take() has not reported
  std::vector<ProcessEvent> arrived_;     // received, and not handed out
  std::vector<ProcessEvent> handed_out_;  // by the last take()
};

}  // namespace netclsd
