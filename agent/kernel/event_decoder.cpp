#include "agent/kernel/event_decoder.h"

#include <linux/cn_proc.h>
#include <linux/connector.h>
#include <linux/netlink.h>

#include <cstring>

#include "agent/kernel/proc_events.h"

namespace netclsd {
namespace {

// Offsets from the start of the datagram; proc_event's layout is part of the kernel's ABI.
constexpr std::size_t kConnectorAt = sizeof(nlmsghdr);
constexpr std::size_t kEventAt = kConnectorAt + sizeof(cn_msg);
constexpr std::size_t kTimestampAt = kEventAt + 8;
constexpr std::size_t kDataAt = kEventAt + 16;
static_assert(kEventAt == 36 && kDataAt == 52 && kDataAt + 24 == kEventSize_bytes);

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

}  // namespace

std::optional<ConnectorMessage> decode_event(std::span<const std::byte> datagram) {
  if (!is_of_proc_connector(datagram)) return std::nullopt;
  const auto at = MonotonicTime(static_cast<std::int64_t>(load<std::uint64_t>(datagram, kTimestampAt)));
  switch (load<std::uint32_t>(datagram, kEventAt)) {
    case kProcEventNone:
      return Acknowledged{.ack = load<std::uint32_t>(datagram, kConnectorAt + offsetof(cn_msg, ack)),
                          .error = load<std::uint32_t>(datagram, kDataAt)};
    case kProcEventFork: {
      const Pid child = load_pid(datagram, kDataAt + 8);
      const Pid child_group = load_pid(datagram, kDataAt + 12);
      if (child != child_group) return OtherEvent{};  // a thread: it is where its process is
      return Forked{.parent = load_pid(datagram, kDataAt + 4), .child = child_group, .at = at};
    }
    case kProcEventExec:
      return Execed{.pid = load_pid(datagram, kDataAt + 4), .at = at};
    case kProcEventComm:
      return Renamed{.pid = load_pid(datagram, kDataAt + 4)};
    default:
      return OtherEvent{};
  }
}

}  // namespace netclsd
