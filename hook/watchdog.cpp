#include "hook/watchdog.h"

namespace netclsd::hook {

Watchdog::Watchdog(Deadline deadline, std::function<void()> on_expiry)
    : on_expiry_(std::move(on_expiry)), thread_([this, deadline] { wait(deadline); }) {}

Watchdog::~Watchdog() { stop(); }

void Watchdog::stop() {
  {
    const std::lock_guard lock(mutex_);
    is_stopped_ = true;
  }
  stopping_.notify_one();
  if (thread_.joinable()) thread_.join();
}

void Watchdog::wait(Deadline deadline) {
  std::unique_lock lock(mutex_);
  if (!stopping_.wait_until(lock, deadline.at(), [this] { return is_stopped_; })) on_expiry_();
}

}  // namespace netclsd::hook
