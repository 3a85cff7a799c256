// What decides at an interface how packets are queued, and which programs see them: qdiscs and filters (tc(8)), and
// whether packets are merged (GRO). Of the network namespace that netclsctl is in. Needs no capability.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/base/error.h"
#include "common/base/file.h"

namespace netclsd::cli {

struct TcFilter {
  std::string kind;  // "fw", "cgroup", "bpf"
  std::uint32_t preference = 0;
  std::string name = {};     // of a BPF program; empty: it has none
  bool has_options = false;  // false: the head of a list of filters
  friend bool operator==(const TcFilter&, const TcFilter&) = default;
};

// A qdisc that chooses by filters or by priority.
struct Queueing {
  std::string interface;
  std::string kind;          // "htb"; "clsact", of which only the filters at egress are meant here
  std::uint32_t handle = 0;  // 0x00100000 is "10:"
  std::vector<TcFilter> filters = {};
};

// One message of an answer of rtnetlink about a qdisc or a filter.
struct TcMessage {
  std::uint16_t type = 0;  // RTM_NEWQDISC, RTM_NEWTFILTER
  std::uint32_t index = 0;
  std::uint32_t handle = 0;
  TcFilter filter = {};  // of a qdisc only the kind
};
struct TcAnswer {
  std::vector<TcMessage> messages = {};
  bool is_last = false;
  int error = 0;  // errno
};
// Pure. What is cut off is left out.
[[nodiscard]] TcAnswer parse_tc_answer(std::string_view datagram);

class TcSocket {
 public:
  [[nodiscard]] static Result<TcSocket> open();

  // kQueueingMax of them, at most.
  static constexpr std::size_t kQueueingMax = 1'000;
  [[nodiscard]] Result<std::vector<Queueing>> queueing() const;
  // Of clsact at ingress, without heads; none where there is no clsact.
  [[nodiscard]] Result<std::vector<TcFilter>> ingress_filters(std::uint32_t index) const;

 private:
  explicit TcSocket(UniqueFd socket) : socket_(std::move(socket)) {}
  [[nodiscard]] Result<std::vector<TcMessage>> list(std::uint16_t type, std::uint32_t index,
                                                    std::uint32_t parent) const;
  [[nodiscard]] Result<std::vector<TcFilter>> filters(std::uint32_t index, std::uint32_t parent) const;

  UniqueFd socket_;
};

// Whether packets that arrive at it are merged (ethtool -k: generic-receive-offload). std::nullopt: not known.
[[nodiscard]] std::optional<bool> has_gro(const std::string& interface);

}  // namespace netclsd::cli
