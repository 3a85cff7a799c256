#include "agent/kernel/socket_filter.h"

#include <arpa/inet.h>

#include "agent/kernel/proc_events.h"

namespace netclsd {
namespace {

constexpr std::uint32_t kWhatAt = 36;
constexpr std::uint32_t kTgidAt = 56;       // EXEC, COMM; in FORK the parent's
constexpr std::uint32_t kChildPidAt = 60;   // FORK
constexpr std::uint32_t kChildTgidAt = 64;  // FORK
constexpr std::uint32_t kWholeDatagram = 0xffff'ffff;

sock_filter load_word(std::uint32_t at) { return BPF_STMT(BPF_LD | BPF_W | BPF_ABS, at); }
// Skips the next `otherwise` instructions unless A equals `value`. Loads are big-endian, the data is the host's.
sock_filter skip_unless(std::uint32_t value, std::uint8_t otherwise) {
  return BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, htonl(value), 0, otherwise);
}
sock_filter accept() { return BPF_STMT(BPF_RET | BPF_K, kWholeDatagram); }
sock_filter drop() { return BPF_STMT(BPF_RET | BPF_K, 0); }

}  // namespace

std::vector<sock_filter> event_filter(Pid self) {
  return {
      load_word(kWhatAt),
      skip_unless(kProcEventNone, 1),
      accept(),
      skip_unless(kProcEventExec, 1),
      accept(),
      skip_unless(kProcEventComm, 4),
      load_word(kTgidAt),
      skip_unless(static_cast<std::uint32_t>(self.value), 1),
      accept(),
      drop(),
      skip_unless(kProcEventFork, 5),
      load_word(kChildPidAt),
      BPF_STMT(BPF_MISC | BPF_TAX, 0),
      load_word(kChildTgidAt),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_X, 0, 0, 1),
      accept(),
      drop(),
  };
}

}  // namespace netclsd
