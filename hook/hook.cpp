#include "hook/hook.h"

#include <algorithm>

#include "common/json/fields.h"
#include "common/model/annotations.h"
#include "common/oci/oci.h"
#include "hook/input.h"
#include "hook/placement.h"

namespace netclsd::hook {
namespace {

using std::chrono::milliseconds;

struct Run {
  const HookOptions& options;
  const HookWorld& world;
  Deadline end;       // for everything
  Deadline deadline;  // for the agent's answer: the reserve is already subtracted
  Subject subject{};
  std::string remark{};  // reported in every case; may be empty
};

enum class Answer { kDone, kRefused, kNotNow };

// Of the 4xx, 408 and 429 mean "later"; the others mean "no".
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

std::string after_remark(const Run& run, std::string_view what) {
  if (run.remark.empty() || what.empty()) return run.remark + std::string(what);
  return run.remark + "; " + std::string(what);
}

Outcome fail(const Run& run, std::string_view what) {
  return failed(run.options, run.subject, after_remark(run, what));
}

// No failure; there may be something to report.
Outcome done(const Run& run, std::string_view what = {}) {
  const std::string line = after_remark(run, what);
  return line.empty() ? Outcome{} : warned(run.subject, line);
}

std::string describe_fallback(const HookOptions& options, const Result<ClassId>& placed, const Result<void>& spooled) {
  std::string text = placed ? "placed init into " + to_string(*placed) + " itself"
                            : "did not place init itself (" + placed.error().message() + ")";
  if (spooled) return text + " and left the registration in " + options.spool;
  return text + " and could not leave the registration in " + options.spool + " (" + spooled.error().message() + ")";
}

// A container that asks for no class may still get the default class, which only the agent knows.
bool needs_class(const Registration& registration) { return registration.wanted && registration.is_pod_known; }

// Mounts net_cls also for a class that only the agent knows: the agent will find the registration in the spool, and
// cannot mount.
Result<ClassId> place_alone(const Run& run, const Registration& registration) {
  if (!needs_class(registration)) return place_init(registration, run.world.proc);
  const auto hold = run.world.mounting.hold_some_mounted(run.end.at());
  return hold ? place_init(registration, run.world.proc) : pass_on(hold.error());
}

// The spool comes first, since it takes microseconds. If time runs out while the kernel moves init, the agent still
// learns of the container.
Outcome fall_back(const Run& run, const Registration& registration, const std::string& why) {
  const auto spooled = leave_in_spool(run.options.spool, registration);
  const auto placed = place_alone(run, registration);
  return fail(run, why + "; " + describe_fallback(run.options, placed, spooled));
}

// A courtesy to the host. If it fails, a later hook tries again.
void unmount_if_unused(const Run& run, MountAgent agent) {
  constexpr milliseconds kTidyingUpMax{100};  // a container waits for it
  static_cast<void>(run.world.mounting.unmount_if_unused(agent, run.end.at_most(kTidyingUpMax).at()));
}

struct Registered {
  bool is_managed = true;
  std::string not_kept_because = {};
  std::string not_managed_because = {};  // may be empty: no class applies
};

Registered read_answer(const ApiResponse& answer) {
  const auto json = parse_json_object(answer.body, "the agent's answer");
  if (!json) return {};
  FieldReader fields(*json);
  return {.is_managed = json->value("managed", Json(true)) != false,
          .not_kept_because = fields.text("not_kept_because"),
          .not_managed_because = fields.text("not_managed_because")};
}

// Init is placed, which is what the runtime waits for. If the agent could not save the registration, the spool may
// still have room for it.
Outcome keep(const Run& run, const Registration& registration, const std::string& not_kept) {
  if (not_kept.empty()) return done(run);
  const auto spooled = leave_in_spool(run.options.spool, registration);
  if (spooled) return done(run, "placed, and left in " + run.options.spool + ": " + not_kept);
  return done(run, "placed, but a restart of the agent would forget it: " + not_kept);
}

Result<ApiResponse> ask_to_register(const Run& run, const Registration& registration) {
  return run.world.ask_agent(
      {.method = HttpMethod::kPut, .target = target_of(registration.id), .body = to_json(registration.request)},
      run.deadline.left());
}

struct Asked {
  Result<ApiResponse> answer;
  std::string not_mounted_because = {};  // the agent needs net_cls mounted, and that failed
};

// The agent decides whether net_cls is needed. The hook has to mount it, since the agent may not. It stays mounted
// until the agent has answered.
Asked register_with_agent(const Run& run, const Registration& registration) {
  constexpr milliseconds kHoldMax{100};  // a hook that unmounts releases the lock sooner
  auto hold = run.world.mounting.hold_if_mounted(run.deadline.at_most(kHoldMax).at());
  Asked asked{ask_to_register(run, registration)};
  if (!asked.answer || !wants_net_cls_mounted(*asked.answer)) return asked;
  hold.reset();  // mounting takes the lock exclusively
  auto mounted = run.world.mounting.hold_mounted(run.deadline.at());
  if (mounted) asked.answer = ask_to_register(run, registration);
  if (!mounted) asked.not_mounted_because = "; " + mounted.error().message();
  return asked;
}

Outcome register_container(Run& run, const OciState& state) {
  auto read = read_registration(state, run.world.proc);
  if (!read) return fail(run, read.error().message());
  run.remark = std::move(read->remark);
  if (!read->registration) {  // the agent was not asked; it may be running
    unmount_if_unused(run, MountAgent::kAnswers);
    return done(run);
  }
  const Registration& registration = *read->registration;
  const auto [answer, not_mounted_because] = register_with_agent(run, registration);
  const Answer meaning = answer ? classify(answer->status) : Answer::kNotNow;
  if (meaning == Answer::kNotNow) return fall_back(run, registration, describe(run, answer) + not_mounted_because);
  const Registered registered = meaning == Answer::kDone ? read_answer(*answer) : Registered{.is_managed = false};
  if (registered.is_managed) return keep(run, registration, registered.not_kept_because);
  unmount_if_unused(run, MountAgent::kAnswers);
  return meaning == Answer::kDone ? done(run, registered.not_managed_because) : fail(run, describe(run, answer));
}

// Why the hierarchy that is no longer needed could not be unmounted; empty: it could, or is needed.
std::string unmount_for_good(const Run& run, MountAgent agent) {
  const auto unmounted = run.world.mounting.unmount_if_unused(agent, run.end.at());
  return unmounted ? "" : "could not unmount net_cls: " + unmounted.error().message();
}

Outcome release_container(Run& run, const ContainerId& id) {
  run.subject.container = id.text();
  run.subject.is_release = true;
  run.world.on_subject(run.subject);
  const auto answer =
      run.world.ask_agent({.method = HttpMethod::kDelete, .target = target_of(id), .body = {}}, run.deadline.left());
  const std::string still_mounted = unmount_for_good(run, answer ? MountAgent::kAnswers : MountAgent::kIsAway);
  if (!answer || classify(answer->status) != Answer::kDone) return fail(run, describe(run, answer));
  return done(run, still_mounted);
}

Outcome release_by_id(Run& run, std::string_view state) {
  const auto id = parse_oci_state_id(state);
  return id ? release_container(run, *id) : fail(run, id.error().message());
}

Outcome run_task(Run& run, std::string_view text) {
  if (run.options.stage == Stage::kPoststop) return release_by_id(run, text);
  const auto state = parse_oci_state(text);
  if (!state) return fail(run, state.error().message());
  run.subject.container = state->id.text();
  run.subject.pod_namespace = pod_namespace(state->annotations);
  run.world.on_subject(run.subject);
  const auto task = choose_task(run.options.stage, state->status, state->pid.value != 0,
                                [&] { return was_made_by_caller(run.world.proc, state->pid); });
  if (!task) return fail(run, task.error().message());
  if (*task == Task::kRelease && read_init(run.world.proc, state->pid)) {
    run.remark = "its state is stopped, and pid " + to_string(state->pid) +
                 " was not made by who called the hook: taken for the container's end";
  }
  return *task == Task::kRegister ? register_container(run, *state) : release_container(run, state->id);
}

}  // namespace

milliseconds reserve_of(milliseconds timeout) {
  constexpr milliseconds kUsual{100};  // a cold net_cls write takes 27 ms at its 99th percentile, and there are two
  return std::max(timeout / 5, std::min(kUsual, timeout / 2));
}

Outcome run_hook(const HookOptions& options, const HookWorld& world, Deadline deadline) {
  Run run{options, world, deadline.keeping(options.timeout / 20), deadline.keeping(reserve_of(options.timeout))};
  run.subject.is_release = options.stage == Stage::kPoststop;
  world.on_subject(run.subject);
  auto text = read_until(world.state_fd, kStateMax_bytes, run.deadline);
  if (!text) return fail(run, text.error().message());
  return run_task(run, *text);
}

}  // namespace netclsd::hook
