#include "nri/service.h"

#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <exception>
#include <utility>

#include "common/base/timespec.h"
#include "common/base/unix_socket.h"

namespace netclsd::nri {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr milliseconds kReconnectMin{200};
constexpr milliseconds kReconnectMax{5'000};
// A runtime that restarts is back by then, and what it starts before the plugin is back has no class.
constexpr seconds kHurriedFor{30};
// The runtime takes one plugin after the other, and gives each 5 s to register.
constexpr seconds kSynchronizedWithin{30};
constexpr seconds kSentWithin{5};
constexpr seconds kConnectedWithin{1};
constexpr milliseconds kAfterException{500};        // what was missing may be there then
constexpr std::size_t kToSendMax_bytes = 1U << 20;  // an answer has some bytes
constexpr seconds kIdle{3600};

}  // namespace

// An exception (no memory, no descriptor) ends the connection and not the plugin. The runtime goes on at once, and
// lists all containers when it is connected again, so that nobody is forgotten.
Result<void> Service::step() {
  try {
    return sleep_and_work();
  } catch (const std::exception& thrown) {
    drop(std::string("an exception: ") + thrown.what());
    connect_at_ = std::max(connect_at_, Clock::now() + kAfterException);
    return {};
  }
}

Result<void> Service::sleep_and_work() {
  if (!connection_ && Clock::now() >= connect_at_) connect();
  if (sleep_until_readable(wake_at())) return read();
  flush();
  const auto now = Clock::now();
  const bool is_late = connection_ && (!connection_->session.is_synchronized() || !connection_->to_send.empty());
  if (is_late && now >= connection_->give_up_at) drop("the runtime does not answer");
  if (const auto due = plugin_.next_due(); due && now >= *due) plugin_.register_next();
  if (const auto due = report_.due(); due && now >= *due) update_report();
  return {};
}

milliseconds reconnect_pause(milliseconds before, std::chrono::steady_clock::duration away) {
  return away < kHurriedFor ? kReconnectMin : std::clamp(2 * before, kReconnectMin, kReconnectMax);
}

void Service::connect() {
  pause_ = reconnect_pause(pause_, Clock::now() - away_since_);
  connect_at_ = Clock::now() + pause_;
  auto socket = connect_unix(options_.nri_socket, kConnectedWithin);
  if (!socket) return drop(socket.error().message());
  connection_.emplace(Connection{.socket = *std::move(socket), .give_up_at = Clock::now() + kSynchronizedWithin});
  send(Session::hello(options_.name, options_.index));
}

void Service::drop(const std::string& why) {
  if (connection_ && connection_->is_noted) away_since_ = Clock::now();
  connection_.reset();
  connect_at_ = Clock::now() + pause_;
  report_.note_disconnected(why);
  if (why == last_complaint_) return;
  last_complaint_ = why;
  log_("not connected to the runtime: " + why + "; containers start without their class until it is back");
}

Service::Clock::time_point Service::wake_at() const {
  Clock::time_point at = Clock::now() + kIdle;
  if (!connection_) at = std::min(at, connect_at_);
  if (connection_ && (!connection_->session.is_synchronized() || !connection_->to_send.empty())) {
    at = std::min(at, connection_->give_up_at);
  }
  for (const auto due : {plugin_.next_due(), report_.due()}) at = std::min(at, due.value_or(at));
  return at;
}

bool Service::sleep_until_readable(Clock::time_point until) {
  pollfd ready{.fd = connection_ ? connection_->socket.get() : -1, .events = POLLIN, .revents = 0};
  if (connection_ && !connection_->to_send.empty()) ready.events |= POLLOUT;
  const timespec time = to_timespec(std::max<std::chrono::nanoseconds>(until - Clock::now(), {}));
  const int count = ::ppoll(&ready, 1, &time, &while_asleep_);
  return count > 0 && (ready.revents & ~POLLOUT) != 0;
}

Result<void> Service::read() {
  std::array<char, 65'536> buffer;  // NOLINT(cppcoreguidelines-pro-type-member-init): recv fills it
  const ssize_t size = ::recv(connection_->socket.get(), buffer.data(), buffer.size(), MSG_DONTWAIT);
  if (size < 0 && (errno == EAGAIN || errno == EINTR)) return {};
  if (size <= 0) {
    drop(size == 0 ? "it ended the connection" : system_failure(errno, "read from the runtime").value().message());
    return {};
  }
  const auto received_at = Clock::now();
  const auto received = connection_->session.receive({buffer.data(), static_cast<std::size_t>(size)});
  if (received) {
    handle(*received, received_at);
    return {};
  }
  if (received.error().code() == ErrorCode::kForbidden) return pass_on(received.error());
  drop(received.error().message());
  return {};
}

void Service::handle(const Received& received, Clock::time_point received_at) {
  send(received.to_send);
  report_.note_requests(received.requests);
  note_synchronized(received.running.size());
  for (const Starting& one : received.starting) {
    if (!connection_) break;
    const auto timeout = connection_->session.request_timeout();
    const auto refusal = plugin_.start(one.subject, received_at, timeout, is_awaited());
    const auto took = Clock::now() - received_at;
    report_.note_start(took, took > timeout);
    send(refusal ? Session::refuse(one.stream, *refusal) : Session::let_start(one.stream));
  }
  for (const Subject& subject : received.running) plugin_.add_running(subject);
}

// A plugin that was stopped for some seconds finds what it was asked meanwhile, and a connection that the runtime has
// ended: that one has let init go, which may have children anywhere by now.
bool Service::is_awaited() const {
  pollfd hung_up{.fd = connection_->socket.get(), .events = POLLRDHUP, .revents = 0};
  return ::poll(&hung_up, 1, 0) == 0;
}

void Service::note_synchronized(std::size_t containers) {
  if (!connection_ || connection_->is_noted || !connection_->session.is_synchronized()) return;
  connection_->is_noted = true;
  pause_ = milliseconds{0};
  last_complaint_.clear();
  report_.note_connected(connection_->session.runtime(), containers);
  log_("registered as " + options_.index + "-" + options_.name + " with " + connection_->session.runtime() +
       ", which has " + std::to_string(containers) + " containers");
}

// Without it the plugin does its work all the same: the agent may not have made its directory yet.
void Service::update_report() {
  const auto written = report_.update();
  if (!written && !has_told_of_report_) log_("its report cannot be written: " + written.error().message());
  has_told_of_report_ = !written;
}

void Service::send(std::string_view bytes) {
  if (!connection_ || bytes.empty()) return;
  std::string& to_send = connection_->to_send;
  if (to_send.empty()) connection_->give_up_at = std::max(connection_->give_up_at, Clock::now() + kSentWithin);
  to_send += bytes;
  flush();
}

void Service::flush() {
  while (connection_ && !connection_->to_send.empty()) {
    std::string& to_send = connection_->to_send;
    const ssize_t size = ::send(connection_->socket.get(), to_send.data(), to_send.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    if (size < 0 && errno == EINTR) continue;
    if (size < 0 && errno == EAGAIN && to_send.size() <= kToSendMax_bytes) return;
    if (size < 0) return drop(system_failure(errno, "write to the runtime").value().message());
    to_send.erase(0, static_cast<std::size_t>(size));
  }
}

}  // namespace netclsd::nri
