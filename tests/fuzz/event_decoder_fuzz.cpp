// A datagram on the connector's socket, through the socket's filter and the decoder. The two agree: of what the decoder
// understands, the filter lets through what the agent needs, and drops the rest.
#include "agent/events/event_decoder.h"

#include <linux/netlink.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <string>
#include <vector>

#include "agent/events/socket_filter.h"
#include "common/base/error.h"
#include "tests/fuzz/fuzz.h"

namespace netclsd {
namespace {

constexpr Pid kSelf{4711};

using Datagram = std::vector<std::byte>;

std::uint32_t big_endian_word(const Datagram& datagram, std::size_t at) {
  std::uint32_t word = 0;
  for (std::size_t i = 0; i < 4; ++i) word = word << 8 | static_cast<std::uint32_t>(datagram[at + i]);
  return word;
}

// The kernel's interpreter, as far as our program needs it. A load beyond the end drops the datagram.
bool lets_through(const std::vector<sock_filter>& program, const Datagram& datagram) {
  std::uint32_t a = 0;
  std::uint32_t x = 0;
  for (std::size_t at = 0;; ++at) {
    CHECK(at < program.size());
    const sock_filter& one = program[at];
    switch (one.code) {
      case BPF_LD | BPF_W | BPF_ABS:
        if (datagram.size() < 4 || one.k > datagram.size() - 4) return false;
        a = big_endian_word(datagram, one.k);
        break;
      case BPF_MISC | BPF_TAX:
        x = a;
        break;
      case BPF_JMP | BPF_JEQ | BPF_K:
        at += a == one.k ? one.jt : one.jf;
        break;
      case BPF_JMP | BPF_JEQ | BPF_X:
        at += a == x ? one.jt : one.jf;
        break;
      case BPF_RET | BPF_K:
        return one.k != 0;
      default:
        check_failed("an instruction that this interpreter does not know", __FILE__, __LINE__);
    }
  }
}

struct IsNeeded {
  bool operator()(const Forked&) const { return true; }
  bool operator()(const Execed&) const { return true; }
  bool operator()(const Acknowledged&) const { return true; }
  bool operator()(const Renamed& renamed) const { return renamed.pid == kSelf; }
  bool operator()(const OtherEvent&) const { return false; }
};

struct Describe {
  std::string operator()(const Forked& e) const {
    return "fork " + to_string(e.parent) + " " + to_string(e.child) + " " + std::to_string(e.at.count());
  }
  std::string operator()(const Execed& e) const {
    return "exec " + to_string(e.pid) + " " + std::to_string(e.at.count());
  }
  std::string operator()(const Acknowledged& e) const {
    return "ack " + std::to_string(e.ack) + " " + std::to_string(e.error);
  }
  std::string operator()(const Renamed& e) const { return "comm " + to_string(e.pid); }
  std::string operator()(const OtherEvent&) const { return "other"; }
};

std::string describe(const std::optional<ConnectorMessage>& message) {
  return message ? std::visit(Describe{}, *message) : "nothing";
}

bool has_honest_length(const Datagram& datagram) {
  nlmsghdr header{};
  if (datagram.size() < sizeof header) return false;
  std::memcpy(&header, datagram.data(), sizeof header);
  return header.nlmsg_len >= kEventSize_bytes && header.nlmsg_len <= datagram.size();
}

// A newer kernel's event is longer, and says the same.
void check_longer_one(Datagram datagram, const std::string& meaning) {
  datagram.resize(datagram.size() + 24, std::byte{0xff});
  CHECK(describe(decode_event(datagram)) == meaning);
}

}  // namespace

void fuzz_one(std::string_view input) {
  static const auto kFilter = event_filter(kSelf);
  Datagram datagram(input.size());
  std::transform(input.begin(), input.end(), datagram.begin(), [](char c) { return static_cast<std::byte>(c); });

  const bool is_through = lets_through(kFilter, datagram);
  const auto message = decode_event(datagram);
  if (!message) return;
  CHECK(has_honest_length(datagram));
  CHECK(is_through == std::visit(IsNeeded{}, *message));
  check_longer_one(datagram, describe(message));
}

}  // namespace netclsd
