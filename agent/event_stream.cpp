#include "agent/event_stream.h"

#include "agent/kernel/canary.h"
#include "agent/kernel/namespaces.h"
#include "common/base/check.h"

namespace netclsd {
namespace {

constexpr std::chrono::milliseconds kAcknowledgementTimeout{100};
constexpr std::uint64_t kThrowAwayBuffer_bytes = 64U << 10;  // for the answer to one subscription
constexpr int kResubscriptionsMax = 1024;                    // in one go, some 50 µs each; goes on at the next pulse

EventLabel label(const ConnectorMessage& message) {
  switch (message.index()) {
    case 0:
      return EventLabel::kFork;
    case 1:
      return EventLabel::kExec;
    case 2:
      return EventLabel::kComm;
    case 3:
      return EventLabel::kAck;
    default:
      return EventLabel::kOther;
  }
}

}  // namespace

EventStream::~EventStream() {
  if (connector_) loop_.remove(connector_->fd());
}

Result<void> EventStream::subscribe() {
  auto listening = listen_once();
  if (listening) return {};
  const Error& error = listening.error();
  // Only a subscription that was taken and never answered needs an explanation.
  if (!connector_) return pass_on(error, "cannot follow process events");
  return failure(error.code(), "cannot follow process events: " + error.message() + ": " + explain_silence(proc_));
}

Result<void> EventStream::listen_once() {
  auto connector = ProcConnector::open(options_.self, options_.receive_buffer_bytes);
  if (!connector) return pass_on(connector.error());
  if (auto requested = connector->request_events(); !requested) return requested;
  use(std::move(*connector));
  if (auto answered = connector_->await_acknowledgement(kAcknowledgementTimeout); !answered) return answered;
  counters_.events[EventLabel::kAck].add();
  send_canary();
  if (!has_a_canary(*connector_))
    return failure(ErrorCode::kUnavailable, "subscribed, but a first event did not arrive");
  return {};
}

void EventStream::use(ProcConnector connector) {
  if (connector_) loop_.remove(connector_->fd());
  connector_ = std::move(connector);
  counters_.receive_buffer_bytes.set(connector_->receive_buffer_bytes());
  // Being readable only ends the wait: the loop drains at the start of each round.
  CHECK(loop_.add(connector_->fd(), [] {}).has_value());
  is_gathering_ = false;
}

void EventStream::let_gather(bool is_gathering) {
  if (is_gathering == std::exchange(is_gathering_, is_gathering)) return;
  loop_.mute(connector_->fd(), is_gathering);
}

void EventStream::drain(EventSink& sink) {
  connector_->drain([&](const ConnectorMessage& message) { handle(message, sink); },
                    [&](std::uint32_t events) {
                      dropped_ += events;
                      sink.on_dropped(events);
                    });
}

void EventStream::handle(const ConnectorMessage& message, EventSink& sink) {
  ++received_;
  counters_.events[label(message)].add();
  if (std::holds_alternative<Renamed>(message)) ++canaries_heard_;
  if (const auto* forked = std::get_if<Forked>(&message)) sink.on_event(*forked);
  if (const auto* execed = std::get_if<Execed>(&message)) sink.on_event(*execed);
}

EventStream::Pulse EventStream::check_pulse(EventSink& sink) {
  const bool was_deaf = is_deaf_;
  is_deaf_ = !hears_its_canary(sink);
  if (!is_deaf_) return was_deaf ? Pulse::kHealed : Pulse::kAlive;
  counters_.canary_misses.add();
  is_deaf_ = !resubscribe(sink);
  return is_deaf_ ? Pulse::kDeaf : Pulse::kHealed;
}

// The kernel queues the canary in the call that makes it, or drops it for want of room and counts that. So what is in
// neither place now was never sent. A drop is a proof of life, too: to nobody's ears nothing is sent that could drop.
bool EventStream::hears_its_canary(EventSink& sink) {
  drain(sink);  // what was dropped before is told now
  const std::uint64_t signs_before = canaries_heard_ + dropped_;
  send_canary();
  drain(sink);
  return canaries_heard_ + dropped_ != signs_before;
}

// What a new socket adds to the kernel's counter stays when it is closed, since it says no IGNORE.
bool EventStream::resubscribe(EventSink& sink) {
  for (int i = 0; i < kResubscriptionsMax; ++i) {
    auto connector = ProcConnector::open(options_.self, options_.receive_buffer_bytes);
    if (!connector || !connector->request_events()) return false;
    counters_.resubscriptions.add();
    if (hears_its_canary(sink)) return true;
    // The same canary reached the new socket, but not ours: better a small buffer than none.
    if (!has_a_canary(*connector)) continue;
    use(std::move(*connector));
    return true;
  }
  return false;
}

bool EventStream::can_subscribe_anew() const {
  auto connector = ProcConnector::open(options_.self, kThrowAwayBuffer_bytes);
  return connector && connector->request_events() && connector->await_acknowledgement(kAcknowledgementTimeout);
}

bool EventStream::has_a_canary(ProcConnector& connector) {
  bool is_heard = false;
  connector.drain([&](const ConnectorMessage& message) { is_heard |= std::holds_alternative<Renamed>(message); });
  return is_heard;
}

}  // namespace netclsd
