// Watches inits through pidfds. Loop thread only.
#pragma once

#include <functional>
#include <unordered_map>

#include "agent/engine/host.h"
#include "agent/kernel/event_loop.h"

namespace netclsd {

class PidfdExitWatch : public ExitWatch {
 public:
  // `loop` outlives this. `on_exit` is called once for each watched process that ends, from EventLoop::wait.
  PidfdExitWatch(EventLoop& loop, std::function<void(Pid)> on_exit) : loop_(loop), on_exit_(std::move(on_exit)) {}

  Result<bool> watch(Pid pid) override;
  void forget(Pid pid) override;

 private:
  EventLoop& loop_;
  std::function<void(Pid)> on_exit_;
  std::unordered_map<Pid, UniqueFd> pidfds_;
};

}  // namespace netclsd
