#include "agent/events/socket_filter.h"

#include <arpa/inet.h>

#include "agent/events/event_decoder.h"

namespace netclsd {
namespace {

constexpr std::uint32_t kWholeDatagram = 0xffff'ffff;

sock_filter load_word(std::uint32_t at) { return BPF_STMT(BPF_LD | BPF_W | BPF_ABS, at); }
// Skips the next `otherwise` instructions unless A equals `value`. Loads are big-endian, the data is the host's.
sock_filter skip_unless(std::uint32_t value, std::size_t otherwise) {
  return BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, htonl(value), 0, static_cast<std::uint8_t>(otherwise));
}
sock_filter accept() { return BPF_STMT(BPF_RET | BPF_K, kWholeDatagram); }
sock_filter drop() { return BPF_STMT(BPF_RET | BPF_K, 0); }

// What is done with an event of this kind. It ends with a return on every path.
std::vector<sock_filter> verdict_on(const EventKindRow& row, Pid self) {
  switch (row.wanted) {
    case Wanted::kAll:
      return {accept()};
    case Wanted::kOfTheAgent:
      return {load_word(row.process_at), skip_unless(static_cast<std::uint32_t>(self.value), 1), accept(), drop()};
    case Wanted::kOfProcesses:
      return {load_word(row.thread_at),
              BPF_STMT(BPF_MISC | BPF_TAX, 0),
              load_word(row.process_at),
              BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_X, 0, 0, 1),
              accept(),
              drop()};
  }
  return {drop()};
}

}  // namespace

std::vector<sock_filter> event_filter(Pid self) {
  std::vector<sock_filter> program = {load_word(kWhatAt)};
  for (const EventKindRow& row : kEventKinds) {
    const auto verdict = verdict_on(row, self);
    program.push_back(skip_unless(row.what, verdict.size()));
    program.insert(program.end(), verdict.begin(), verdict.end());
  }
  program.push_back(drop());
  return program;
}

}  // namespace netclsd
