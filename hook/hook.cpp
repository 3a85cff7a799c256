#include "hook/hook.h"

#include "common/json/fields.h"
#include "common/model/pod_identity.h"
#include "common/oci/state.h"
#include "hook/input.h"
#include "hook/placement.h"
#include "hook/registration.h"
#include "hook/spool.h"

namespace netclsd::hook {
namespace {

using std::chrono::milliseconds;

struct Run {
  const HookOptions& options;
  const HookWorld& world;
  Deadline deadline;  // of the agent's answer: the reserve is already taken off
  Subject subject{};
};

enum class Answer { kDone, kRefused, kNotNow };

// 408 and 429 are the two of 4xx that say "later", not "no".
Answer classify(int status) {
  if (status >= 200 && status < 300) return Answer::kDone;
  if (status >= 400 && status < 500 && status != 408 && status != 429) return Answer::kRefused;
  return Answer::kNotNow;
}

std::string target_of(const ContainerId& id) { return "/v1/containers/" + id.text(); }

std::string describe(const Run& run, const Result<ApiResponse>& answer) {
  if (!answer) return answer.error().message();
  const std::string status = std::to_string(answer->status);
  const bool refused = classify(answer->status) == Answer::kRefused;
  return "agent at " + run.options.socket +
         (refused ? " refuses it (" + status + "): " : " answered " + status + ": ") + problem_detail(*answer);
}

Outcome fail(const Run& run, std::string_view what) { return failed(run.options, run.subject, what); }

std::string describe_fallback(const HookOptions& options, const Result<ClassId>& placed, const Result<void>& spooled) {
  std::string text = placed ? "placed init into " + to_string(*placed) + " itself"
                            : "did not place init itself (" + placed.error().message() + ")";
  if (spooled) return text + " and left the registration in " + options.spool;
  return text + " and could not leave the registration in " + options.spool + " (" + spooled.error().message() + ")";
}

// The spool first: it takes microseconds, and should time run out while the kernel moves init, the agent still learns
// of the container.
Outcome fall_back(const Run& run, const Registration& registration, const std::string& why) {
  const auto spooled = leave_in_spool(run.options.spool, registration);
  const auto placed = place_init(registration, run.world.proc);
  return fail(run, why + "; " + describe_fallback(run.options, placed, spooled));
}

// Init is placed, which is what the runtime waits for. What the agent could not write down may have room in the spool.
Outcome succeed(const Run& run, const Registration& registration, const ApiResponse& answer) {
  const auto json = parse_json_object(answer.body, "the agent's answer");
  if (!json) return {};
  const std::string reason = FieldReader(*json).text("not_kept_because");
  if (reason.empty()) return {};
  const auto spooled = leave_in_spool(run.options.spool, registration);
  if (spooled) return warned(run.subject, "placed, and left in " + run.options.spool + ": " + reason);
  return warned(run.subject, "placed, but a restart of the agent would forget it: " + reason);
}

Outcome register_container(const Run& run, const OciState& state) {
  auto registration = read_registration(state, run.world.proc);
  if (!registration) return fail(run, registration.error().message());
  if (!*registration) return {};
  const auto answer = run.world.ask_agent(
      {.method = HttpMethod::kPut, .target = target_of(state.id), .body = to_json((*registration)->request)},
      run.deadline.left());
  const Answer meaning = answer ? classify(answer->status) : Answer::kNotNow;
  if (meaning == Answer::kDone) return succeed(run, **registration, *answer);
  if (meaning == Answer::kRefused) return fail(run, describe(run, answer));
  return fall_back(run, **registration, describe(run, answer));
}

Outcome release_container(const Run& run, const OciState& state) {
  const auto answer = run.world.ask_agent({.method = HttpMethod::kDelete, .target = target_of(state.id), .body = {}},
                                          run.deadline.left());
  if (answer && classify(answer->status) == Answer::kDone) return {};
  return fail(run, describe(run, answer));
}

Outcome run_task(Run& run, const OciState& state) {
  run.subject.container = state.id.text();
  run.subject.pod_namespace = pod_namespace(state.annotations);
  const auto task = choose_task(run.options.stage, state.status);
  run.subject.is_release = task && *task == Task::kRelease;
  run.world.on_subject(run.subject);
  if (!task) return fail(run, task.error().message());
  return *task == Task::kRegister ? register_container(run, state) : release_container(run, state);
}

}  // namespace

milliseconds reserve_of(milliseconds timeout) {
  constexpr milliseconds kUsual{100};  // a cold net_cls write takes 27 ms at its 99th percentile, and there are two
  return std::max(timeout / 5, std::min(kUsual, timeout / 2));
}

Outcome run_hook(const HookOptions& options, const HookWorld& world, Deadline deadline) {
  Run run{options, world, deadline.keeping(reserve_of(options.timeout))};
  run.subject.is_release = options.stage == Stage::kPoststop;
  world.on_subject(run.subject);
  auto text = read_until(world.state_fd, kStateMax_bytes, run.deadline);
  if (!text) return fail(run, text.error().message());
  auto state = parse_oci_state(*text);
  if (!state) return fail(run, state.error().message());
  return run_task(run, *state);
}

}  // namespace netclsd::hook
