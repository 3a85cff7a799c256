#include "hook/hook.h"

#include <algorithm>
#include <utility>

#include "common/model/annotations.h"
#include "common/oci/oci.h"
#include "hook/input.h"
#include "hook/placement/init.h"
#include "hook/placement/registering.h"

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

// A courtesy to the host. If it fails, a later hook tries again.
void unmount_if_unused(const Run& run, MountAgent agent) {
  constexpr milliseconds kTidyingUpMax{100};  // a container waits for it
  static_cast<void>(run.world.mounting.unmount_if_unused(agent, run.end.at_most(kTidyingUpMax).at()));
}

PlacingWorld placing_world(const Run& run) {
  return {.socket = run.options.socket,
          .spool = run.options.spool,
          .proc = run.world.proc,
          .ask_agent = run.world.ask_agent,
          .mounting = run.world.mounting};
}

Outcome register_with_agent(const Run& run, const Registration& registration) {
  const Placed placed = register_container(registration, placing_world(run), run.deadline, run.end);
  switch (placed.how) {
    case Placed::How::kByAgent:
      return done(run, placed.line);
    case Placed::How::kNotManaged:
      unmount_if_unused(run, MountAgent::kAnswers);
      return done(run, placed.line);
    case Placed::How::kRefused:
      unmount_if_unused(run, MountAgent::kAnswers);
      return fail(run, placed.line);
    case Placed::How::kWithoutAgent:
      break;
  }
  return fail(run, placed.line);
}

Outcome register_from_state(Run& run, const OciState& state) {
  auto read = read_registration(state, run.world.proc);
  if (!read) return fail(run, read.error().message());
  run.remark = std::move(read->remark);
  if (read->registration) return register_with_agent(run, *read->registration);
  unmount_if_unused(run, MountAgent::kAnswers);  // the agent was not asked; it may be running
  return done(run);
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
  if (!answer || classify(answer->status) != AgentSays::kDone) {
    return fail(run, describe(run.options.socket, answer));
  }
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
  return *task == Task::kRegister ? register_from_state(run, *state) : release_container(run, state->id);
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
