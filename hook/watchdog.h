// Ends the process when it does not end by itself: a read of a bundle on a dead network file system waits for ever, and
// the runtime with it.
#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>

#include "hook/deadline.h"

namespace netclsd::hook {

// `on_expiry` runs on a thread of the watchdog's, unless stop() came first; stop() returns only when it will not run.
class Watchdog {
 public:
  Watchdog(Deadline deadline, std::function<void()> on_expiry);
  ~Watchdog();
  Watchdog(const Watchdog&) = delete;
  Watchdog& operator=(const Watchdog&) = delete;

  void stop();

 private:
  void wait(Deadline deadline);

  std::function<void()> on_expiry_;
  std::mutex mutex_;
  std::condition_variable stopping_;
  bool is_stopped_ = false;  // guarded by mutex_
  std::thread thread_;       // last: it uses the others
};

}  // namespace netclsd::hook
