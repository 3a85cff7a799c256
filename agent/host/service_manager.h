// What the service manager, or whoever started the agent, and the agent tell each other: signals as readable events (no
// code of ours ever runs in a signal handler), and the notifications of sd_notify(3).
#pragma once

#include <optional>
#include <utility>

#include "common/base/error.h"
#include "common/base/file.h"

namespace netclsd {

enum class Signal { kStop, kReload };

// Made in main's thread; used by the loop thread only.
class Signals {
 public:
  // Blocks SIGTERM, SIGINT and SIGHUP, and ignores SIGPIPE. Call before any thread is started, so that all inherit it.
  [[nodiscard]] static Result<Signals> block();

  [[nodiscard]] int fd() const { return fd_.get(); }  // readable while there is a next() one (signalfd(2))
  [[nodiscard]] std::optional<Signal> next();

 private:
  explicit Signals(UniqueFd fd) : fd_(std::move(fd)) {}
  UniqueFd fd_;
};

// For systemd with Type=notify; without NOTIFY_SOCKET they do nothing. Loop thread only.
void tell_ready();
void tell_alive();  // for the watchdog: the loop goes round
void tell_stopping();

}  // namespace netclsd
