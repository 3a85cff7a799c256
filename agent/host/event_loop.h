// The agent's loop: epoll with one callback for each descriptor, the watch for the exits of inits, and the loop
// thread's place in the scheduler.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <unordered_map>
#include <utility>

#include "agent/host/host.h"
#include "common/base/error.h"
#include "common/base/file.h"

namespace netclsd {

// Loop thread only.
class EventLoop {
 public:
  [[nodiscard]] static Result<EventLoop> make();

  // Calls `on_readable` from wait() whenever `fd` is readable. The caller keeps `fd` open until remove(fd). After an
  // error nothing has changed.
  [[nodiscard]] Result<void> add(int fd, std::function<void()> on_readable);
  void remove(int fd);
  // While it is muted, a readable descriptor does not end a wait.
  void mute(int fd, bool is_muted);

  // Waits until something is readable, at most `timeout` (negative: for ever), and calls back.
  [[nodiscard]] Result<void> wait(std::chrono::milliseconds timeout);

 private:
  // One wait may report events of several descriptors. A callback may close one of them and open another, which gets
  // its number: the serial tells the two apart.
  struct Registration {
    std::uint32_t serial;
    std::function<void()> on_readable;
  };

  explicit EventLoop(UniqueFd epoll) : epoll_(std::move(epoll)) {}
  [[nodiscard]] const Registration* find(std::uint64_t data) const;

  UniqueFd epoll_;
  std::uint32_t last_serial_ = 0;  // may wrap: events are compared within one wait
  std::unordered_map<int, Registration> registrations_;
};

// Watches the inits of containers through pidfds (pidfd_open(2)). Loop thread only.
class PidfdExitWatch : public ExitWatch {
 public:
  // `loop` outlives this. `on_exit` is called once for each watched process that ends, from EventLoop::wait().
  PidfdExitWatch(EventLoop& loop, std::function<void(Pid)> on_exit) : loop_(loop), on_exit_(std::move(on_exit)) {}

  Result<bool> watch(Pid pid) override;
  void forget(Pid pid) override;

 private:
  EventLoop& loop_;
  std::function<void(Pid)> on_exit_;
  std::unordered_map<Pid, UniqueFd> pidfds_;
};

// A thread with short turns on the CPU gets them soon. When it wakes up and its slice is shorter than that of the
// running thread, it runs at once; otherwise it waits until that thread sleeps or its slice is over (EEVDF's
// PREEMPT_SHORT in kernel/sched/fair.c). It does not get more CPU in total, so this needs no privilege. Before
// Linux 6.12 the kernel ignores it.
enum class Turns { kOrdinary, kShort };

// For the calling thread. No error: if the kernel refuses, the thread only runs later.
void ask_for(Turns turns);

}  // namespace netclsd
