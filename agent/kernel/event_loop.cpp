#include "agent/kernel/event_loop.h"

#include <sys/epoll.h>

#include <algorithm>
#include <array>
#include <cerrno>

namespace netclsd {
namespace {

constexpr int kEventsPerWait = 64;
constexpr std::chrono::milliseconds kWaitMax = std::chrono::hours{1};

}  // namespace

Result<EventLoop> EventLoop::make() {
  UniqueFd epoll(::epoll_create1(EPOLL_CLOEXEC));
  if (!epoll.is_open()) return system_failure(errno, "make an epoll descriptor");
  return EventLoop(std::move(epoll));
}

Result<void> EventLoop::add(int fd, std::function<void()> on_readable) {
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.fd = fd;
  if (::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event) != 0) return system_failure(errno, "watch a descriptor");
  callbacks_.insert_or_assign(fd, std::move(on_readable));
  return {};
}

void EventLoop::remove(int fd) {
  ::epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, fd, nullptr);
  callbacks_.erase(fd);
}

void EventLoop::mute(int fd, bool is_muted) {
  epoll_event event{};
  event.events = is_muted ? 0U : EPOLLIN;
  event.data.fd = fd;
  ::epoll_ctl(epoll_.get(), EPOLL_CTL_MOD, fd, &event);
}

Result<void> EventLoop::wait(std::chrono::milliseconds timeout) {
  std::array<epoll_event, kEventsPerWait> events{};
  const int wait_ms = timeout.count() < 0 ? -1 : static_cast<int>(std::min(timeout, kWaitMax).count());
  const int got = ::epoll_wait(epoll_.get(), events.data(), kEventsPerWait, wait_ms);
  if (got < 0 && errno != EINTR) return system_failure(errno, "wait for events");
  for (int i = 0; i < got; ++i) {
    // A callback may have removed a later one's descriptor.
    const auto callback = callbacks_.find(events[static_cast<std::size_t>(i)].data.fd);
    if (callback == callbacks_.end()) continue;
    const auto call = callback->second;  // copied: it may remove itself
    call();
  }
  return {};
}

}  // namespace netclsd
