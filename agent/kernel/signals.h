// Signals as readable events: nothing of ours ever runs in a signal handler.
#pragma once

#include <optional>

#include "common/base/error.h"
#include "common/base/unique_fd.h"

namespace netclsd {

enum class Signal { kStop, kReload };

class Signals {
 public:
  // Blocks SIGTERM, SIGINT and SIGHUP; call before any thread is started, so that all inherit it.
  [[nodiscard]] static Result<Signals> block();

  [[nodiscard]] int fd() const { return fd_.get(); }
  [[nodiscard]] std::optional<Signal> next();

 private:
  explicit Signals(UniqueFd fd) : fd_(std::move(fd)) {}
  UniqueFd fd_;
};

}  // namespace netclsd
