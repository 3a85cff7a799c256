// What the plugin does for a container: from what the runtime says of it to a registration with the agent. One thread.
// Every call may wait for the agent, within the deadlines given.
#pragma once

#include <chrono>
#include <cstddef>
#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "hook/placement/deadline.h"
#include "hook/placement/registering.h"
#include "nri/messages.h"
#include "nri/options.h"

namespace netclsd::nri {

// What there is to do for a container. `proc` is "/proc" except in tests. Absent: there is nothing to place, and
// `remark` may say why.
struct Reading {
  std::optional<hook::Registration> registration;
  std::string remark = {};
};
// Its pod's annotations count, and its own, which are nearer. Namespace, pod and name are those of the message: the pod
// may write annotations, but not those. An error is about the container: what it asks for, or its init.
[[nodiscard]] Result<Reading> read_registration(const Subject& subject, const std::string& proc);

class Plugin {
 public:
  using Log = std::function<void(const std::string& line)>;
  using Clock = hook::Deadline::Clock;

  // All must outlive the plugin.
  Plugin(const NriOptions& options, const hook::PlacingWorld& world, Log log)
      : options_(options), world_(world), log_(std::move(log)) {}

  // Init waits, unless the runtime has given us up. The text for the runtime if the container must not start. An
  // exception ends in here.
  [[nodiscard]] std::optional<std::string> start(const Subject& subject, Clock::time_point received_at,
                                                 std::chrono::milliseconds request_timeout, bool init_waits = true);

  // It runs already. It is registered later if it asks for a class.
  void add_running(const Subject& subject);

  // When register_next() should be called; absent: nobody waits.
  [[nodiscard]] std::optional<Clock::time_point> next_due() const;
  // Registers the longest waiting container. If neither the agent nor the spool takes it, it waits again.
  void register_next();

  [[nodiscard]] std::size_t waiting() const { return waiting_.size(); }

 private:
  [[nodiscard]] std::optional<std::string> register_starting(const Subject& subject, Clock::time_point received_at,
                                                             std::chrono::milliseconds request_timeout,
                                                             bool init_waits);
  void say(const Subject& subject, std::string_view what);
  [[nodiscard]] std::optional<std::string> fail(const Subject& subject, std::string_view what);
  void wait_for_agent(hook::Registration registration);

  const NriOptions& options_;
  const hook::PlacingWorld& world_;
  Log log_;
  std::deque<hook::Registration> waiting_;
  std::chrono::milliseconds pause_{0};
  Clock::time_point due_{};  // if anybody waits
};

}  // namespace netclsd::nri
