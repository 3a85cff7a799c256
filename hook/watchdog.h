// What ends the process when work is not done in time.
#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>
#include <utility>

#include "hook/placement/deadline.h"

namespace netclsd::hook {

// Calls `on_expiry` on a thread of its own, unless stop() comes first. After stop() has returned it is not called. For
// what no time limit reaches: a read of a bundle on a dead network file system never returns, and the runtime waits.
class Watchdog {
 public:
  Watchdog(Deadline deadline, std::function<void()> on_expiry)
      : on_expiry_(std::move(on_expiry)), thread_([this, deadline] { wait(deadline); }) {}
  ~Watchdog() { stop(); }
  Watchdog(const Watchdog&) = delete;
  Watchdog& operator=(const Watchdog&) = delete;

  void stop() {
    {
      const std::lock_guard lock(mutex_);
      is_stopped_ = true;
    }
    stopping_.notify_one();
    if (thread_.joinable()) thread_.join();
  }

 private:
  void wait(Deadline deadline) {
    std::unique_lock lock(mutex_);
    if (!stopping_.wait_until(lock, deadline.at(), [this] { return is_stopped_; })) on_expiry_();
  }

  std::function<void()> on_expiry_;
  std::mutex mutex_;
  std::condition_variable stopping_;
  bool is_stopped_ = false;  // guarded by mutex_
  std::thread thread_;       // last: it uses the others
};

}  // namespace netclsd::hook
