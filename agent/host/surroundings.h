// What the agent needs around it, and one line for people where it is missing: the kernel's initial namespaces, a /proc
// that shows other processes, and its own socket and directories.
#pragma once

#include <string>
#include <vector>

#include "common/base/error.h"
#include "common/base/file.h"

namespace netclsd {

// Why no subscription to process events can succeed here: one line with the cause and the cure. Empty: nothing is in
// the way, and a subscription that the kernel did not answer may be answered later. `proc` is an open /proc. Any
// thread.
[[nodiscard]] std::string what_prevents_events(const UniqueFd& proc);

// For an agent that cannot see pid 1: one line with the cause and the cure. Any thread.
[[nodiscard]] std::string explain_hidden_processes(const UniqueFd& proc);

// kUnavailable, in one line, unless the agent is in the initial time namespace. In another one, start times in /proc
// and the times of process events are of different clocks (time_namespaces(7)).
[[nodiscard]] Result<void> expect_initial_time(const std::string& proc);

// what_forbids_early_moves() (common/net_cls/kernel_flaws.h), by the mounts that the agent and pid 1 see and by the
// boot parameters, as far as they can be read. A node with thousands of mounts takes some milliseconds. Any thread.
[[nodiscard]] std::string look_for_favordynmods(const UniqueFd& proc, const std::string& release);

// "6.1.0-28-amd64"
[[nodiscard]] std::string kernel_release();

// The names by which others find this agent: its socket and its directories. Somebody may remove or replace them while
// the agent runs. It would not notice: an open socket and an open directory go on working without a name. Loop thread
// only.
class Presence {
 public:
  // `path` must exist, and is to stay what it is now. `what` is its name in reports.
  [[nodiscard]] Result<void> expect(std::string what, std::string path);

  // "the socket /run/netclsd/agent.sock was removed or replaced"; empty: all are there.
  [[nodiscard]] std::string missing() const;

 private:
  struct Place {
    std::string what;
    std::string path;
    UniqueFd held;  // keeps its inode's number from being given to another file
  };
  [[nodiscard]] static bool is_there(const Place& place);

  std::vector<Place> places_;
};

}  // namespace netclsd
