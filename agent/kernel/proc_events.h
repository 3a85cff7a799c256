// The event kinds of the proc connector's ABI. linux/cn_proc.h moved them between kernel versions, so they are here.
#pragma once

#include <cstdint>

namespace netclsd {

inline constexpr std::uint32_t kProcEventNone = 0;  // the answer to LISTEN
inline constexpr std::uint32_t kProcEventFork = 0x0000'0001;
inline constexpr std::uint32_t kProcEventExec = 0x0000'0002;
inline constexpr std::uint32_t kProcEventComm = 0x0000'0200;

}  // namespace netclsd
