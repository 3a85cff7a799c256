#include "hook/stage.h"

namespace netclsd::hook {

std::optional<Stage> parse_stage(std::string_view text) {
  if (text == "prestart") return Stage::kPrestart;
  if (text == "createRuntime") return Stage::kCreateRuntime;
  if (text == "poststop") return Stage::kPoststop;
  return std::nullopt;
}

Result<Task> choose_task(std::optional<Stage> stage, std::string_view status) {
  if (stage) return *stage == Stage::kPoststop ? Task::kRelease : Task::kRegister;
  if (status == "creating" || status == "created" || status == "running") return Task::kRegister;
  if (status == "stopped") return Task::kRelease;
  return invalid("OCI state's status \"" + std::string(status) + "\" is not creating, created, running or stopped");
}

}  // namespace netclsd::hook
