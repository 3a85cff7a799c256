// What is to be done so that each host's end of a registered container's veths has a carrier, and no other interface
// has one. Pure: values in, values out.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "common/model/class_id.h"
#include "common/model/container_id.h"

namespace netclsd::carry {

using InterfaceIndex = std::uint32_t;
using NamespaceId = std::int32_t;  // the kernel's number for another network namespace, as seen from ours
using CgroupId = std::uint64_t;    // of a cgroup of the unified hierarchy
using Owner = std::uint32_t;       // our number for a container, from 1; 0: not known

struct CarriedContainer {
  ContainerId id;
  ClassId classid;
  std::optional<NamespaceId> network = {};  // absent: the host's, or one without a veth to ours
  std::optional<CgroupId> cgroup = {};      // absent: no fallback
  std::string no_fallback = {};             // why, in one sentence
  // Its init had ended before we looked at it first. Other processes of it may live on, behind any interface.
  bool has_unknown_network = false;
};

enum class LinkKind { kVeth, kNetkit };

// A program at XDP. A native one gets packets before they have a buffer of the kernel's: they have lost their socket.
enum class Xdp { kNone, kGeneric, kNative };

// An interface of ours whose other end is in another network namespace.
struct HostEnd {
  InterfaceIndex index = 0;
  std::string name;
  LinkKind kind = LinkKind::kVeth;
  NamespaceId peer = 0;
  Xdp xdp = Xdp::kNone;
  friend bool operator==(const HostEnd&, const HostEnd&) = default;
};

struct CarrierPlan {
  std::vector<HostEnd> attach;
  std::vector<InterfaceIndex> detach;
  std::set<InterfaceIndex> repairs;  // of `attach`: there was a carrier, which somebody removed
  friend bool operator==(const CarrierPlan&, const CarrierPlan&) = default;
};

// `attached`: where there is a carrier now. `before`: where there was one after the last plan was carried out.
[[nodiscard]] CarrierPlan plan_carriers(const std::vector<CarriedContainer>& containers,
                                        const std::vector<HostEnd>& ends, const std::set<InterfaceIndex>& attached,
                                        const std::set<InterfaceIndex>& before);

struct Member {
  std::uint32_t classid = 0;
  Owner owner = 0;
  friend bool operator==(const Member&, const Member&) = default;
};
using Members = std::map<CgroupId, Member>;

// Which cgroup belongs to whom. A container keeps its owner number as long as it is there: its packets are counted by
// it. Numbers in `used` are not given to others.
[[nodiscard]] Members plan_members(const std::vector<CarriedContainer>& containers, const Members& now,
                                   const std::set<Owner>& used);

struct CountKey {
  InterfaceIndex index = 0;
  Owner owner = 0;
  std::uint32_t classid = 0;
  friend auto operator<=>(const CountKey&, const CountKey&) = default;
};

// True if nothing will be added to this count any more: its interface has no carrier, or its container is gone.
[[nodiscard]] bool is_past(const CountKey& key, const std::set<InterfaceIndex>& attached,
                           const std::set<Owner>& owners);

}  // namespace netclsd::carry
