#include "agent/host/event_loop.h"

#include <sched.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

#include "common/base/fault_point.h"

namespace netclsd {
namespace {

constexpr int kEventsPerWait = 64;
constexpr std::chrono::milliseconds kWaitMax = std::chrono::hours{1};
constexpr int kSerialShift = 32;

epoll_event event_for(int fd, std::uint32_t serial, bool is_muted) {
  epoll_event event{};
  event.events = is_muted ? 0U : EPOLLIN;
  event.data.u64 = std::uint64_t{serial} << kSerialShift | static_cast<std::uint32_t>(fd);
  return event;
}

constexpr std::uint64_t kShortSlice_ns = 100'000;  // the least that the kernel grants
constexpr std::uint64_t kOrdinarySlice_ns = 0;     // the system's default

// The kernel's struct sched_attr, first version (sched_setattr(2)): linux/sched/types.h cannot be included beside
// sched.h, since both define sched_param.
struct SchedulingAttributes {
  std::uint32_t size = sizeof(SchedulingAttributes);
  std::uint32_t policy = SCHED_OTHER;
  std::uint64_t flags = 0;
  std::int32_t nice = 0;
  std::uint32_t priority = 0;
  std::uint64_t runtime_ns = 0;
  std::uint64_t deadline_ns = 0;
  std::uint64_t period_ns = 0;
};
static_assert(sizeof(SchedulingAttributes) == 48);

}  // namespace

Result<EventLoop> EventLoop::make() {
  UniqueFd epoll(::epoll_create1(EPOLL_CLOEXEC));
  if (!epoll.is_open()) return system_failure(errno, "make an epoll descriptor");
  return EventLoop(std::move(epoll));
}

Result<void> EventLoop::add(int fd, std::function<void()> on_readable) {
  if (const auto fault = fault_at(FaultPoint::kLoopWatch)) return system_failure(*fault, "watch a descriptor");
  const std::uint32_t serial = ++last_serial_;
  epoll_event event = event_for(fd, serial, false);
  if (::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event) != 0) return system_failure(errno, "watch a descriptor");
  registrations_.insert_or_assign(fd, Registration{serial, std::move(on_readable)});
  return {};
}

void EventLoop::remove(int fd) {
  ::epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, fd, nullptr);
  registrations_.erase(fd);
}

void EventLoop::mute(int fd, bool is_muted) {
  const auto found = registrations_.find(fd);
  if (found == registrations_.end()) return;
  epoll_event event = event_for(fd, found->second.serial, is_muted);
  ::epoll_ctl(epoll_.get(), EPOLL_CTL_MOD, fd, &event);
}

// Null: an earlier callback of this wait() has removed it.
const EventLoop::Registration* EventLoop::find(std::uint64_t data) const {
  const auto found = registrations_.find(static_cast<int>(static_cast<std::uint32_t>(data)));
  const bool is_there = found != registrations_.end() && found->second.serial == data >> kSerialShift;
  return is_there ? &found->second : nullptr;
}

Result<void> EventLoop::wait(std::chrono::milliseconds timeout) {
  std::array<epoll_event, kEventsPerWait> events{};
  const int wait_ms = timeout.count() < 0 ? -1 : static_cast<int>(std::min(timeout, kWaitMax).count());
  const int got = ::epoll_wait(epoll_.get(), events.data(), kEventsPerWait, wait_ms);
  if (got < 0 && errno != EINTR) return system_failure(errno, "wait for events");
  for (int i = 0; i < got; ++i) {
    const Registration* registration = find(events[static_cast<std::size_t>(i)].data.u64);
    if (registration == nullptr) continue;
    const auto call = registration->on_readable;  // copied: it may remove itself
    call();
  }
  return {};
}

Result<bool> PidfdExitWatch::watch(Pid pid) {
  forget(pid);
  if (const auto fault = fault_at(FaultPoint::kExitWatch)) {
    return system_failure(*fault, "open a pidfd of", to_string(pid));
  }
  UniqueFd pidfd(static_cast<int>(::syscall(SYS_pidfd_open, pid.value, 0)));  // close-on-exec by itself
  if (!pidfd.is_open() && errno == ESRCH) return false;
  if (!pidfd.is_open()) return system_failure(errno, "open a pidfd of", to_string(pid));
  auto added = loop_.add(pidfd.get(), [this, pid] {
    const auto report = on_exit_;
    forget(pid);
    report(pid);
  });
  if (!added) return pass_on(added.error());
  pidfds_.insert_or_assign(pid, std::move(pidfd));
  return true;
}

void PidfdExitWatch::forget(Pid pid) {
  const auto found = pidfds_.find(pid);
  if (found == pidfds_.end()) return;
  loop_.remove(found->second.get());
  pidfds_.erase(found);
}

void ask_for(Turns turns) {
  SchedulingAttributes wanted;
  wanted.nice = ::getpriority(PRIO_PROCESS, 0);
  wanted.runtime_ns = turns == Turns::kShort ? kShortSlice_ns : kOrdinarySlice_ns;
  ::syscall(SYS_sched_setattr, 0, &wanted, 0U);
}

}  // namespace netclsd
