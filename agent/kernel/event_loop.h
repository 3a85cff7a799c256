// epoll with one callback for each descriptor. Loop thread only.
#pragma once

#include <chrono>
#include <functional>
#include <unordered_map>

#include "common/base/error.h"
#include "common/base/unique_fd.h"

namespace netclsd {

class EventLoop {
 public:
  [[nodiscard]] static Result<EventLoop> make();

  // The caller keeps `fd` open until remove(fd). Called again while it is readable.
  [[nodiscard]] Result<void> add(int fd, std::function<void()> on_readable);
  void remove(int fd);
  // A muted descriptor does not end a wait.
  void mute(int fd, bool is_muted);

  // Waits until something is readable, at most `timeout` (negative: for ever), and calls back.
  [[nodiscard]] Result<void> wait(std::chrono::milliseconds timeout);

 private:
  explicit EventLoop(UniqueFd epoll) : epoll_(std::move(epoll)) {}

  UniqueFd epoll_;
  std::unordered_map<int, std::function<void()>> callbacks_;
};

}  // namespace netclsd
