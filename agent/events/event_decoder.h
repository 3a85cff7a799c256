// What the kernel's proc connector sends: the table of event kinds, and one datagram as a value. Pure; the input is
// hostile. The socket's filter (agent/events/socket_filter.h) and the stream's counters use the same table.
//
// A datagram is nlmsghdr (16 bytes), cn_msg (20) and proc_event (40). Their layout is part of the kernel's ABI
// (include/uapi/linux/cn_proc.h), but the header has moved the kinds between versions: so their bits are here.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <variant>

#include "agent/membership/event.h"
#include "agent/metrics/counters.h"

namespace netclsd {

// Offsets from the start of the datagram, in bytes.
inline constexpr std::uint32_t kWhatAt = 36;         // proc_event.what: the kind
inline constexpr std::uint32_t kTimestampAt = 44;    // proc_event.timestamp_ns, CLOCK_MONOTONIC
inline constexpr std::uint32_t kDataAt = 52;         // proc_event.event_data
inline constexpr std::size_t kEventSize_bytes = 76;  // at least: newer kernels may add fields

enum class EventKind { kFork, kExec, kComm, kAcknowledgement };

// Which events of a kind the socket's filter lets through.
enum class Wanted { kAll, kOfProcesses, kOfTheAgent };

struct EventKindRow {
  EventKind kind;
  std::uint32_t what;           // proc_event.what
  EventLabel label;             // of netclsd_events_total{event}
  Wanted wanted;                // kOfProcesses: not of further threads of a process
  std::uint32_t thread_at;      // offset of the thread's id
  std::uint32_t process_at;     // offset of its thread group's id; FORK: both of the child
  std::uint32_t parent_at = 0;  // FORK: offset of the parent's thread group's id
};

inline constexpr std::array<EventKindRow, 4> kEventKinds = {{
    {EventKind::kFork, 0x0000'0001, EventLabel::kFork, Wanted::kOfProcesses, kDataAt + 8, kDataAt + 12, kDataAt + 4},
    {EventKind::kExec, 0x0000'0002, EventLabel::kExec, Wanted::kAll, kDataAt, kDataAt + 4},
    {EventKind::kComm, 0x0000'0200, EventLabel::kComm, Wanted::kOfTheAgent, kDataAt, kDataAt + 4},
    {EventKind::kAcknowledgement, 0, EventLabel::kAck, Wanted::kAll, 0, 0},
}};

[[nodiscard]] constexpr const EventKindRow& row_of(EventKind kind) {
  return kEventKinds[static_cast<std::size_t>(kind)];
}

// The kernel's answer to LISTEN. It is broadcast to other listeners, too: `ack` is one more than the request's.
struct Acknowledged {
  std::uint32_t ack = 0;
  std::uint32_t error = 0;  // an errno; 0: subscribed
};
// prctl(PR_SET_NAME), or a write to /proc/PID/comm.
struct Renamed {
  Pid pid;
};
// A kind that is not in the table, or the fork of a thread: nothing for the agent.
struct OtherEvent {};

using ConnectorMessage = std::variant<Forked, Execed, Renamed, Acknowledged, OtherEvent>;

// std::nullopt: too short, or not of the proc connector.
[[nodiscard]] std::optional<ConnectorMessage> decode_event(std::span<const std::byte> datagram);

// How netclsd_events_total counts it.
[[nodiscard]] EventLabel label_of(const ConnectorMessage& message);

}  // namespace netclsd
