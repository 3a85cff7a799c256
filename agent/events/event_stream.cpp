#include "agent/events/event_stream.h"

#include <algorithm>
#include <cerrno>
#include <limits>
#include <string>
#include <utility>

#include "agent/host/surroundings.h"
#include "common/base/overloaded.h"

namespace netclsd {
namespace {

constexpr std::chrono::milliseconds kAcknowledgementTimeout{100};
constexpr std::uint64_t kThrowAwayBuffer_bytes = 64U << 10;  // for the answer to one subscription
constexpr int kResubscriptionsMax = 1024;                    // in one go, some 50 µs each; goes on at the next pulse
constexpr int kMeasurements = 3;  // of an event's size at the start: events of others may come in between
constexpr int kResubscriptionsAtStartMax = 40 * kResubscriptionsMax;  // some two seconds

using std::chrono::steady_clock;

// What the kernel gives where nothing is in the way: twice as much, for its own needs (sock_setsockopt).
std::uint64_t granted_for(std::uint64_t asked_bytes) {
  return 2 * std::min<std::uint64_t>(asked_bytes, std::numeric_limits<int>::max() / 2);
}

}  // namespace

EventStream::~EventStream() {
  if (connector_) loop_.remove(connector_->fd());
}

Result<Pulse> EventStream::subscribe() {
  constexpr std::string_view kWhat = "cannot follow process events";
  if (const auto begun = begin(); !begun) return explain(begun.error(), kWhat);
  const auto answered = connector_->await_acknowledgement(kAcknowledgementTimeout);
  if (!answered && answered.error().code() != ErrorCode::kUnavailable) return pass_on(answered.error(), kWhat);
  if (answered) {
    counters_.events[EventLabel::kAck].add();
    for (int i = 0; i < kMeasurements; ++i) send_measured_canary();
    const auto sent_at = steady_clock::now();
    send_canary();
    if (has_a_canary(*connector_)) {
      tell_round_trip(sent_at);
      return Pulse::kAlive;
    }
  }
  // Before anything else is tried: where subscriptions are ignored, events arrive all the same if another program
  // listens, with the numbers of another namespace.
  if (const std::string cause = what_prevents_events(proc_); !cause.empty()) {
    return failure(ErrorCode::kUnavailable, std::string(kWhat) + ": " + cause);
  }
  is_deaf_ = true;
  return Pulse::kDeaf;
}

Result<void> EventStream::begin() {
  auto connector = ProcConnector::open(options_.self, options_.receive_buffer_bytes);
  if (!connector) return pass_on(connector.error());
  if (auto requested = connector->request_events(); !requested) return requested;
  return use(std::move(*connector));
}

// Before 6.6 the socket cannot even be bound in a user namespace of its own: EPERM, which tells nobody what to change.
Result<Pulse> EventStream::explain(const Error& error, std::string_view what) const {
  const std::string cause = error.sys_errno() == EPERM ? what_prevents_events(proc_) : "";
  if (cause.empty()) return pass_on(error, what);
  return failure(ErrorCode::kUnavailable, std::string(what) + ": " + cause);
}

Pulse EventStream::subscribe_patiently() { return heal(kResubscriptionsAtStartMax); }

// If the loop cannot watch the new socket, the old one stays.
Result<void> EventStream::use(ProcConnector connector) {
  // Being readable only ends the wait: the loop drains at the start of each round.
  if (auto added = loop_.add(connector.fd(), [] {}); !added) return added;
  if (connector_) loop_.remove(connector_->fd());
  connector_ = std::move(connector);
  counters_.receive_buffer_bytes.set(connector_->receive_buffer_bytes());
  counters_.receive_buffer_asked_bytes.set(granted_for(options_.receive_buffer_bytes));
  tell_capacity();
  is_gathering_ = false;
  return {};
}

void EventStream::let_gather(bool is_gathering) {
  if (is_gathering == std::exchange(is_gathering_, is_gathering)) return;
  loop_.mute(connector_->fd(), is_gathering);
}

EventBatch EventStream::take() {
  const bool was_kept = !arrived_.empty() || dropped_untold_ > 0;
  const bool has_more = was_kept || receive();
  handed_out_.clear();
  handed_out_.swap(arrived_);
  return {.events = handed_out_, .dropped = std::exchange(dropped_untold_, 0), .has_more = has_more};
}

// True if there may be more.
bool EventStream::receive() {
  const ConnectorBatch batch = connector_->take();
  // After receiving: what was dropped before one of these was queued is counted now.
  const std::uint32_t dropped = connector_->take_drops();
  dropped_ += dropped;
  dropped_untold_ += dropped;
  received_ += batch.messages.size();
  for (const ConnectorMessage& message : batch.messages) note(message);
  return batch.has_more;
}

void EventStream::note(const ConnectorMessage& message) {
  counters_.events[label_of(message)].add();
  std::visit(Overloaded{[this](const Forked& forked) { arrived_.emplace_back(forked); },
                        [this](const Execed& execed) { arrived_.emplace_back(execed); },
                        [this](const Renamed&) { ++canaries_heard_; },  // the filter lets only ours through
                        [](const Acknowledged&) {}, [](const OtherEvent&) {}},
             message);
}

void EventStream::receive_all() {
  for (std::size_t i = 0; i < kBatchesPerDrainMax && receive(); ++i) {
  }
}

Pulse EventStream::check_pulse() {
  const bool was_deaf = is_deaf_;
  is_deaf_ = !hears_its_canary();
  if (is_deaf_) return heal(kResubscriptionsMax);
  return was_deaf ? Pulse::kHealed : Pulse::kAlive;
}

Pulse EventStream::heal(int subscriptions_max) {
  counters_.canary_misses.add();
  const auto resubscribed = resubscribe(subscriptions_max);
  is_deaf_ = !resubscribed;
  if (is_deaf_) deaf_because_ = resubscribed.error().message();
  return is_deaf_ ? Pulse::kDeaf : Pulse::kHealed;
}

// The kernel queues the canary in the call that makes it, or drops it because the buffer is full, and counts that. If
// neither has happened now, it was never sent. A drop also proves that we are subscribed: the kernel only drops events
// that it tried to deliver.
bool EventStream::hears_its_canary() {
  receive_all();  // counts what was dropped before
  const std::uint64_t heard_before = canaries_heard_;
  const std::uint64_t dropped_before = dropped_;
  const auto sent_at = steady_clock::now();
  send_measured_canary();
  receive_all();
  const bool was_heard = canaries_heard_ != heard_before;
  const bool was_dropped = !was_heard && dropped_ != dropped_before;
  if (was_heard) tell_round_trip(sent_at);
  if (!was_heard && !was_dropped) counters_.canary_round_trip_ns.set(0);
  return was_heard || was_dropped;
}

// For people: until it was received here, with all that came before it.
void EventStream::tell_round_trip(steady_clock::time_point sent_at) {
  const auto took = std::chrono::nanoseconds(steady_clock::now() - sent_at).count();
  counters_.canary_round_trip_ns.set(static_cast<std::uint64_t>(std::max<std::int64_t>(took, 1)));
}

// What the buffer holds differs between kernels: an event takes 768 bytes of it on 6.1, 832 on 6.18, 896 on others, and
// all kinds the same. So it is measured by the canary, which is queued when its call returns. Events of other processes
// may be queued in between, and nothing is taken: the smallest difference seen is one event.
void EventStream::send_measured_canary() {
  const auto before = connector_->queued_bytes();
  send_canary();
  const auto after = connector_->queued_bytes();
  if (!before || !after || *after <= *before) return;
  const std::uint32_t added = *after - *before;
  if (event_bytes_ != 0 && added >= event_bytes_) return;
  event_bytes_ = added;
  tell_capacity();
}

void EventStream::tell_capacity() {
  if (event_bytes_ != 0) counters_.receive_buffer_events.set(connector_->receive_buffer_bytes() / event_bytes_);
}

// A new socket adds one to the kernel's counter of listeners. That stays when it is closed: we never send IGNORE.
Result<void> EventStream::resubscribe(int subscriptions_max) {
  for (int i = 0; i < subscriptions_max; ++i) {
    auto connector = ProcConnector::open(options_.self, options_.receive_buffer_bytes);
    if (!connector) return pass_on(connector.error());
    if (auto requested = connector->request_events(); !requested) return requested;
    counters_.resubscriptions.add();
    if (hears_its_canary()) return {};
    // The same canary reached the new socket, but not ours: a small buffer is better than none.
    if (has_a_canary(*connector)) return use(std::move(*connector));
  }
  return failure(ErrorCode::kUnavailable, "no event after " + std::to_string(subscriptions_max) + " subscriptions");
}

bool EventStream::can_subscribe_anew() const {
  auto connector = ProcConnector::open(options_.self, kThrowAwayBuffer_bytes);
  return connector && connector->request_events() && connector->await_acknowledgement(kAcknowledgementTimeout);
}

bool EventStream::has_a_canary(ProcConnector& connector) {
  const auto is_canary = [](const ConnectorMessage& message) { return std::holds_alternative<Renamed>(message); };
  for (std::size_t i = 0; i < kBatchesPerDrainMax; ++i) {
    const ConnectorBatch batch = connector.take();
    if (std::any_of(batch.messages.begin(), batch.messages.end(), is_canary)) return true;
    if (!batch.has_more) return false;
  }
  return false;
}

}  // namespace netclsd
