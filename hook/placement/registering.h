// How a container gets into its class: the agent is asked, and if it does not answer, init is placed here and the
// registration left in the spool. The hook and the NRI plugin do this alike. Prints nothing.
#pragma once

#include <chrono>
#include <functional>
#include <string>

#include "common/api/client.h"
#include "common/net_cls/own_mount.h"
#include "hook/placement/deadline.h"
#include "hook/placement/registration.h"

namespace netclsd::hook {

using AskAgent = std::function<Result<ApiResponse>(const ApiRequest&, std::chrono::milliseconds timeout)>;

// The surroundings; tests supply their own.
struct PlacingWorld {
  std::string socket;  // for people: whom `ask_agent` asks
  std::string spool;
  std::string proc = "/proc";
  AskAgent ask_agent;
  Mounting mounting;
};

enum class AgentSays { kDone, kRefused, kNotNow };
// Of the 4xx, 408 and 429 mean "later"; the others mean "no".
[[nodiscard]] AgentSays classify(int status);
// One line for people about an answer that is not a success.
[[nodiscard]] std::string describe(const std::string& socket, const Result<ApiResponse>& answer);

[[nodiscard]] std::string target_of(const ContainerId& id);

struct Placed {
  enum class How {
    kByAgent,      // the line, if any, says what a restart of the agent would forget
    kNotManaged,   // no class applies: the line may say why
    kRefused,      // the agent says no
    kWithoutAgent  // the line says what was done instead
  };
  How how;
  std::string line = {};  // for people, without the container
  bool is_kept = true;    // nobody has to try again: the agent knows of it, or the spool has it
};

// `answer_by` limits the agent's answer, `end` everything. They should not be equal: placing init without the agent
// takes its time, too.
[[nodiscard]] Placed register_container(const Registration& registration, const PlacingWorld& world, Deadline answer_by,
                                        Deadline end);

}  // namespace netclsd::hook
