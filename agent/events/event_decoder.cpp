#include "agent/events/event_decoder.h"

#include <linux/cn_proc.h>
#include <linux/connector.h>
#include <linux/netlink.h>

#include <algorithm>
#include <cstring>

#include "common/base/overloaded.h"

namespace netclsd {
namespace {

constexpr std::size_t kConnectorAt = sizeof(nlmsghdr);
static_assert(kConnectorAt + sizeof(cn_msg) == kWhatAt && kDataAt == kWhatAt + 16);
static_assert(kDataAt + 24 == kEventSize_bytes);

constexpr bool is_in_order() {
  for (std::size_t i = 0; i < kEventKinds.size(); ++i) {
    if (kEventKinds[i].kind != static_cast<EventKind>(i)) return false;
  }
  return true;
}
static_assert(is_in_order(), "row_of() takes the kind for an index");

// The payload is not aligned for 64-bit loads.
template <typename T>
T load(std::span<const std::byte> bytes, std::size_t at) {
  T value;
  std::memcpy(&value, bytes.data() + at, sizeof value);
  return value;
}

Pid load_pid(std::span<const std::byte> bytes, std::size_t at) { return Pid{load<std::int32_t>(bytes, at)}; }

bool is_of_proc_connector(std::span<const std::byte> datagram) {
  if (datagram.size() < kEventSize_bytes) return false;
  const auto header = load<nlmsghdr>(datagram, 0);
  const auto id = load<cb_id>(datagram, kConnectorAt);
  return header.nlmsg_len >= kEventSize_bytes && header.nlmsg_len <= datagram.size() && id.idx == CN_IDX_PROC &&
         id.val == CN_VAL_PROC;
}

ConnectorMessage decode(const EventKindRow& row, std::span<const std::byte> datagram) {
  const auto at = MonotonicTime(static_cast<std::int64_t>(load<std::uint64_t>(datagram, kTimestampAt)));
  const Pid process = load_pid(datagram, row.process_at);
  switch (row.kind) {
    case EventKind::kFork:
      // A new thread is where its process is.
      if (load_pid(datagram, row.thread_at) != process) return OtherEvent{};
      return Forked{.parent = load_pid(datagram, row.parent_at), .child = process, .at = at};
    case EventKind::kExec:
      return Execed{.pid = process, .at = at};
    case EventKind::kComm:
      return Renamed{.pid = process};
    case EventKind::kAcknowledgement:
      return Acknowledged{.ack = load<std::uint32_t>(datagram, kConnectorAt + offsetof(cn_msg, ack)),
                          .error = load<std::uint32_t>(datagram, kDataAt)};
  }
  return OtherEvent{};
}

}  // namespace

std::optional<ConnectorMessage> decode_event(std::span<const std::byte> datagram) {
  if (!is_of_proc_connector(datagram)) return std::nullopt;
  const auto what = load<std::uint32_t>(datagram, kWhatAt);
  const auto row = std::find_if(kEventKinds.begin(), kEventKinds.end(),
                                [what](const EventKindRow& each) { return each.what == what; });
  return row == kEventKinds.end() ? OtherEvent{} : decode(*row, datagram);
}

EventLabel label_of(const ConnectorMessage& message) {
  return std::visit(Overloaded{[](const Forked&) { return row_of(EventKind::kFork).label; },
                               [](const Execed&) { return row_of(EventKind::kExec).label; },
                               [](const Renamed&) { return row_of(EventKind::kComm).label; },
                               [](const Acknowledged&) { return row_of(EventKind::kAcknowledgement).label; },
                               [](const OtherEvent&) { return EventLabel::kOther; }},
                    message);
}

}  // namespace netclsd
