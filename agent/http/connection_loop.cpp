#include "agent/http/connection_loop.h"

#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string>
#include <utility>

#include "agent/logging/log.h"

namespace netclsd {
namespace {

constexpr int kAcceptsPerRound = 16;  // then it is the turn of the open ones
constexpr auto kAcceptRetryPause = std::chrono::milliseconds{100};
constexpr std::size_t kWakeUp = 0;
constexpr std::size_t kListener = 1;
constexpr std::size_t kFirstConnection = 2;

int milliseconds_until(Connection::Clock::time_point when) {
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(when - Connection::Clock::now()).count();
  return static_cast<int>(std::clamp<std::chrono::milliseconds::rep>(left, 0, 60'000));
}

// The connection ended while it waited in the backlog.
bool is_of_the_client(int error) { return error == ECONNABORTED || error == EINTR || error == EPERM; }

}  // namespace

Result<std::unique_ptr<ConnectionLoop>> ConnectionLoop::make(ConnectionLoopOptions options,
                                                             std::function<void(Served)> serve) {
  UniqueFd wake_up(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!wake_up.is_open()) return system_failure(errno, "make an eventfd");
  return std::make_unique<ConnectionLoop>(std::move(options), std::move(serve), std::move(wake_up));
}

void ConnectionLoop::run(UniqueFd listener) {
  listener_ = std::move(listener);
  while (!is_over()) {
    wait();
    if (is_stopping_) listener_.reset();
    proceed(Clock::now());
    take_back();
    if (polled_[kListener].revents != 0 && listener_.is_open()) accept_some();
  }
}

void ConnectionLoop::stop() {
  is_stopping_ = true;
  wake();
}

void ConnectionLoop::give_back(Served connection, bool was_guest) {
  bool must_wake = connection != nullptr;
  {
    const std::lock_guard lock(mutex_);
    --in_service_.all;
    in_service_.guests -= was_guest ? 1 : 0;
    if (connection) returned_.push_back(std::move(connection));
    must_wake = must_wake || is_stopping_;  // the loop waits for the last one
  }
  if (must_wake) wake();
}

bool ConnectionLoop::is_over() {
  if (listener_.is_open() || !waiting_.empty()) return false;
  const std::lock_guard lock(mutex_);
  return in_service_.all == 0 && returned_.empty();
}

// Fails only when the counter is full, and then the loop has been woken often enough.
void ConnectionLoop::wake() const {
  const std::uint64_t one = 1;
  if (::write(wake_up_.get(), &one, sizeof one) < 0) return;
}

void ConnectionLoop::wait() {
  Clock::time_point until = Clock::time_point::max();
  polled_.clear();
  polled_.push_back({wake_up_.get(), POLLIN, 0});
  polled_.push_back({may_accept() ? listener_.get() : -1, POLLIN, 0});
  if (listener_.is_open() && !may_accept()) until = accept_again_at_;
  for (const Served& connection : waiting_) {
    polled_.push_back({connection->fd(), connection->events(), 0});
    until = std::min(until, connection->deadline());
  }
  // An error (EINTR, ENOMEM) counts as no events: the next round finds out which are ready.
  const int timeout_ms = until == Clock::time_point::max() ? -1 : milliseconds_until(until);
  if (::poll(polled_.data(), polled_.size(), timeout_ms) >= 0) return;
  for (pollfd& each : polled_) each.revents = 0;
}

void ConnectionLoop::take_back() {
  std::uint64_t count = 0;
  if (polled_[kWakeUp].revents == 0 || ::read(wake_up_.get(), &count, sizeof count) < 0) return;
  std::vector<Served> returned;
  {
    const std::lock_guard lock(mutex_);
    returned.swap(returned_);
  }
  for (Served& connection : returned) hand_on(Connection::Next::kWait, std::move(connection));
}

// Each connection that is ready or late gets one turn.
void ConnectionLoop::proceed(Clock::time_point now) {
  std::vector<Served> current = std::exchange(waiting_, {});
  for (std::size_t i = 0; i < current.size(); ++i) {
    Served& connection = current[i];
    auto next = Connection::Next::kWait;
    if (polled_[kFirstConnection + i].revents != 0) next = connection->proceed();
    if (next == Connection::Next::kWait && connection->deadline() <= now) next = connection->give_up();
    hand_on(next, std::move(connection));
  }
}

void ConnectionLoop::hand_on(Connection::Next next, Served connection) {
  if (next == Connection::Next::kServe) return serve(std::move(connection));
  if (next == Connection::Next::kClose) return;
  if (is_stopping_ && !connection->owes_answer()) return;
  waiting_.push_back(std::move(connection));
}

void ConnectionLoop::serve(Served connection) {
  if (connection->is_guest() && !only_reads(connection->request())) {
    const auto next = connection->refuse({403, "members of the socket's group may only read: GET and HEAD"});
    return hand_on(next, std::move(connection));
  }
  {
    const std::lock_guard lock(mutex_);
    ++in_service_.all;
    in_service_.guests += connection->is_guest() ? 1 : 0;
  }
  serve_(std::move(connection));
}

bool ConnectionLoop::may_accept() const { return listener_.is_open() && accept_again_at_ <= Clock::now(); }

void ConnectionLoop::accept_some() {
  for (int i = 0; i < kAcceptsPerRound; ++i) {
    UniqueFd socket(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
    if (socket.is_open()) {
      welcome(std::move(socket));
      continue;
    }
    const int error = errno;
    if (error == EAGAIN) return;
    if (!is_of_the_client(error)) return pause_accepting(error);
  }
}

// Memory or descriptors are lacking. Without a pause, the connections in the backlog would wake us again at once.
void ConnectionLoop::pause_accepting(int error) {
  accept_again_at_ = Clock::now() + kAcceptRetryPause;
  const auto repeated = repeats_.admit("accept_failed", std::to_string(error), Clock::now());
  if (!repeated) return;
  log_event(LogLevel::kWarning, "accept_failed",
            {{"error", std::strerror(error)}, {"retry_ms", kAcceptRetryPause.count()}, {"repeated", *repeated}});
}

void ConnectionLoop::welcome(UniqueFd socket) {
  const auto told = access_of(socket.get());
  if (told && !*told) return;
  const Access access = told ? **told : Access::kRefused;
  auto transport = options_.make_transport();
  if (transport == nullptr) return;
  const bool is_guest = access != Access::kEverything;
  const bool has_room = make_room(is_guest);
  auto connection = std::make_unique<Connection>(std::move(socket), std::move(transport), options_.limits, is_guest);
  // For a hook, 403 is final. That the peer cannot be told now must not be.
  const auto next = !told                        ? connection->refuse({503, "who asks cannot be told now"})
                    : access == Access::kRefused ? connection->refuse({403, "only root of the host may ask"})
                    : !has_room                  ? connection->refuse({503, "the agent is busy: too many connections"})
                                                 : connection->proceed();
  hand_on(next, std::move(connection));
}

Result<std::optional<Access>> ConnectionLoop::access_of(int socket) {
  if (options_.gate == nullptr) return Access::kEverything;
  const auto verdict = options_.gate->ask(socket);
  if (verdict && !*verdict) return std::nullopt;
  if (verdict && (*verdict)->access != Access::kRefused) return (*verdict)->access;
  const std::string error = verdict ? "" : verdict.error().message();
  const Peer peer = verdict ? (*verdict)->peer : Peer{};
  if (const auto repeated = repeats_.admit("peer_refused", std::to_string(peer.user) + error, Clock::now())) {
    log_event(LogLevel::kWarning, "peer_refused",
              {{"pid", peer.pid.value}, {"uid", peer.user}, {"error", error}, {"repeated", *repeated}});
  }
  if (!verdict) return pass_on(verdict.error());
  return Access::kRefused;
}

bool ConnectionLoop::make_room(bool is_guest) {
  if (is_guest && count().guests >= options_.guests_max) drop_oldest(true);
  if (is_guest && count().guests >= options_.guests_max) return false;
  if (count().all >= options_.connections_max) drop_oldest(false);
  return count().all < options_.connections_max;
}

ConnectionLoop::Count ConnectionLoop::count() {
  const auto is_guest = [](const Served& connection) { return connection->is_guest(); };
  const auto guests = static_cast<std::size_t>(std::count_if(waiting_.begin(), waiting_.end(), is_guest));
  const std::lock_guard lock(mutex_);
  return {in_service_.all + waiting_.size(), in_service_.guests + guests};
}

void ConnectionLoop::drop_oldest(bool only_guests) {
  const auto age = [only_guests](const Served& connection) {
    return only_guests && !connection->is_guest() ? Clock::time_point::max() : connection->deadline();
  };
  const auto oldest = std::min_element(waiting_.begin(), waiting_.end(),
                                       [&age](const Served& a, const Served& b) { return age(a) < age(b); });
  if (oldest != waiting_.end() && age(*oldest) != Clock::time_point::max()) waiting_.erase(oldest);
}

}  // namespace netclsd
