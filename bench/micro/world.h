// A world for the pure parts: containers with processes, and the datagrams that the kernel would send about them.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "agent/events/event_decoder.h"
#include "agent/membership/targets.h"
#include "agent/membership/tracker.h"

namespace netclsd::bench {

inline constexpr std::int32_t kFirstMember = 1'000'000;  // members' numbers begin here, strangers' are below

// A constant sequence that looks random: the same events in every run.
class Random {
 public:
  std::uint32_t below(std::uint32_t limit) {
    state_ ^= state_ << 13;
    state_ ^= state_ >> 7;
    state_ ^= state_ << 17;
    return static_cast<std::uint32_t>(state_ >> 33) % limit;
  }

 private:
  std::uint64_t state_ = 0x9E3779B97F4A7C15ULL;
};

using Datagram = std::array<std::byte, kEventSize_bytes>;

enum class Mix { kStrangerFork, kMemberFork, kStrangerExec, kMemberExec, kAll };

// `containers` registrations with `processes` members in all, each placed since it was born.
class World {
 public:
  World(std::uint32_t containers, std::uint32_t processes) : processes_(processes) {
    for (std::uint32_t i = 0; i < containers; ++i) {
      const std::string name = "/pod" + std::to_string(i);
      targets_.add({.owner = name,
                    .choice = {ClassId::from_raw(1).value()},
                    .directory = "netclsd" + name,
                    .membership = MembershipPath{"", "/kubepods" + name}});
    }
    for (std::uint32_t i = 0; i < processes; ++i) {
      tracker_.put(member(i),
                   {{1 + i % containers}, StartTime{1}, MonotonicTime{1}, kPlacedFromBirth, JoinCause::kFork});
    }
  }

  // One datagram, decoded and tracked, and what is to be examined taken as looked at: the whole decision of one event.
  bool decide(Datagram& datagram) {
    now_ns_ += 1000;
    std::memcpy(datagram.data() + kTimestampAt, &now_ns_, sizeof now_ns_);
    const auto message = decode_event(datagram);
    if (!message) return false;
    if (const auto* forked = std::get_if<Forked>(&*message)) return track(*forked);
    if (const auto* execed = std::get_if<Execed>(&*message)) return track(*execed);
    return false;
  }

  bool track(const ProcessEvent& event) {
    const auto examine = tracker_.on(event);
    if (examine) tracker_.settle(examine->pid);
    return examine.has_value();
  }

  // A member's child has the number of another member that has ended meanwhile: the table's size stays the same.
  std::vector<Datagram> datagrams(Mix mix, std::size_t count) {
    std::vector<Datagram> made;
    for (std::size_t i = 0; i < count; ++i)
      made.push_back(datagram(mix == Mix::kAll ? kMixed[i % kMixed.size()] : mix));
    return made;
  }

  Targets& targets() { return targets_; }
  Tracker& tracker() { return tracker_; }
  Pid any_member() { return member(random_.below(processes_)); }
  Pid any_stranger() { return Pid{static_cast<std::int32_t>(2 + random_.below(30'000))}; }

 private:
  // A node's usual storm: shell scripts, in a container or not, fork twice for each exec.
  static constexpr std::array kMixed = {Mix::kStrangerFork, Mix::kMemberFork, Mix::kStrangerFork,
                                        Mix::kMemberFork,   Mix::kMemberExec, Mix::kStrangerExec};

  static Pid member(std::uint32_t i) { return Pid{kFirstMember + static_cast<std::int32_t>(i)}; }

  Datagram datagram(Mix mix) {
    switch (mix) {
      case Mix::kStrangerFork:
        return fork_of(any_stranger(), any_stranger());
      case Mix::kMemberFork:
        return fork_of(any_member(), any_member());
      case Mix::kStrangerExec:
        return exec_of(any_stranger());
      case Mix::kMemberExec:
      case Mix::kAll:
        break;
    }
    return exec_of(any_member());
  }

  static Datagram fork_of(Pid parent, Pid child) {
    return event(1, {parent.value, parent.value, child.value, child.value});
  }
  static Datagram exec_of(Pid pid) { return event(2, {pid.value, pid.value, 0, 0}); }

  static Datagram event(std::uint32_t what, std::array<std::int32_t, 4> data) {
    Datagram datagram{};
    const std::uint32_t length = kEventSize_bytes;
    const std::array<std::uint32_t, 2> proc_connector{1, 1};  // CN_IDX_PROC, CN_VAL_PROC
    std::memcpy(datagram.data(), &length, sizeof length);
    std::memcpy(datagram.data() + 16, proc_connector.data(), sizeof proc_connector);
    std::memcpy(datagram.data() + 36, &what, sizeof what);
    std::memcpy(datagram.data() + 52, data.data(), sizeof data);
    return datagram;
  }

  std::uint32_t processes_;
  std::uint64_t now_ns_ = 1'000'000;
  Random random_;
  Targets targets_{"/"};
  Tracker tracker_{targets_};
};

}  // namespace netclsd::bench
