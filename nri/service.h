// The plugin's loop: the connection to the runtime, made anew whenever it ends, and between two messages the containers
// that wait for the agent. One thread; it sleeps in step() and nowhere else, except while the agent is asked.
#pragma once

#include <signal.h>

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "common/base/file.h"
#include "nri/options.h"
#include "nri/plugin.h"
#include "nri/report.h"
#include "nri/session.h"

namespace netclsd::nri {

// How long to wait before the next attempt to connect: briefly while a runtime may only be restarting, since what it
// starts before the plugin is back has no class; then less and less often. `away`: since the last connection ended.
[[nodiscard]] std::chrono::milliseconds reconnect_pause(std::chrono::milliseconds before,
                                                        std::chrono::steady_clock::duration away);

class Service {
 public:
  using Clock = Plugin::Clock;

  // All must outlive the service. `while_asleep` is the signal mask while it sleeps: signals that end the program are
  // blocked at all other times, so that none is missed.
  Service(const NriOptions& options, Plugin& plugin, Report& report, Plugin::Log log, const sigset_t& while_asleep)
      : options_(options), plugin_(plugin), report_(report), log_(std::move(log)), while_asleep_(while_asleep) {}

  // Sleeps until there is something to do, or a signal comes, and does it. An error: this runtime must not be used. An
  // exception ends the connection, which is then made anew.
  [[nodiscard]] Result<void> step();

  [[nodiscard]] bool is_connected() const { return connection_.has_value(); }

 private:
  [[nodiscard]] Result<void> sleep_and_work();

  struct Connection {
    UniqueFd socket;
    Session session = {};
    std::string to_send = {};
    bool is_noted = false;         // that it is synchronized
    Clock::time_point give_up_at;  // unless it is synchronized, or has sent what is to be sent
  };

  void connect();
  void drop(const std::string& why);
  [[nodiscard]] Clock::time_point wake_at() const;
  [[nodiscard]] bool sleep_until_readable(Clock::time_point until);
  [[nodiscard]] Result<void> read();
  void handle(const Received& received, Clock::time_point received_at);
  void send(std::string_view bytes);
  void flush();
  [[nodiscard]] bool is_awaited() const;
  void note_synchronized(std::size_t containers);
  void update_report();

  const NriOptions& options_;
  Plugin& plugin_;
  Report& report_;
  Plugin::Log log_;
  const sigset_t while_asleep_;
  std::optional<Connection> connection_;
  Clock::time_point connect_at_{};  // at once
  std::chrono::milliseconds pause_{0};
  Clock::time_point away_since_ = Clock::now();
  std::string last_complaint_;       // said once, not with each attempt
  bool has_told_of_report_ = false;  // that it cannot be written; likewise
};

}  // namespace netclsd::nri
