// One datagram of the proc connector as a value. Pure; the input is hostile.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <variant>

#include "agent/core/event.h"

namespace netclsd {

// The kernel's answer to LISTEN. It is broadcast to other listeners too: `ack` tells whose it is.
struct Acknowledged {
  std::uint32_t ack = 0;
  std::uint32_t error = 0;  // an errno
};
// prctl(PR_SET_NAME) and writes to /proc/PID/comm.
struct Renamed {
  Pid pid;
};
struct OtherEvent {};

using ConnectorMessage = std::variant<Forked, Execed, Renamed, Acknowledged, OtherEvent>;

// nlmsghdr (16 bytes), cn_msg (20), proc_event (40): 76 bytes or more, so that newer kernels may add fields.
inline constexpr std::size_t kEventSize_bytes = 76;

// std::nullopt: too short, or not of the proc connector.
[[nodiscard]] std::optional<ConnectorMessage> decode_event(std::span<const std::byte> datagram);

}  // namespace netclsd
