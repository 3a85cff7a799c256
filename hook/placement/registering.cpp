#include "hook/placement/registering.h"

#include "common/json/fields.h"
#include "hook/placement/placement.h"

namespace netclsd::hook {
namespace {

using std::chrono::milliseconds;

struct Try {
  const Registration& registration;
  const PlacingWorld& world;
  Deadline answer_by;
  Deadline end;
};

// A container that asks for no class may still get the default class, which only the agent knows.
bool needs_class(const Registration& registration) { return registration.wanted && registration.is_pod_known; }

// Mounts net_cls also for a class that only the agent knows: the agent will find the registration in the spool, and
// cannot mount.
Result<ClassId> place_alone(const Try& one) {
  const auto place = [&] { return place_init(one.registration, one.world.proc); };
  if (!needs_class(one.registration)) return place();
  const auto hold = one.world.mounting.hold_some_mounted(one.end.at());
  return hold ? place() : pass_on(hold.error());
}

std::string describe_fallback(const std::string& spool, const Result<ClassId>& placed, const Result<void>& spooled) {
  std::string text = placed ? "placed init into " + to_string(*placed) + " itself"
                            : "did not place init itself (" + placed.error().message() + ")";
  if (spooled) return text + " and left the registration in " + spool;
  return text + " and could not leave the registration in " + spool + " (" + spooled.error().message() + ")";
}

// The spool comes first, since it takes microseconds. If time runs out while the kernel moves init, the agent still
// learns of the container.
Placed fall_back(const Try& one, const std::string& why) {
  const auto spooled = leave_in_spool(one.world.spool, one.registration);
  const auto placed = place_alone(one);
  return {.how = Placed::How::kWithoutAgent,
          .line = why + "; " + describe_fallback(one.world.spool, placed, spooled),
          .is_kept = spooled.has_value()};
}

struct Answered {
  bool is_managed = true;
  std::string not_kept_because = {};
  std::string not_managed_because = {};  // may be empty: no class applies
};

Answered read_answer(const ApiResponse& answer) {
  const auto json = parse_json_object(answer.body, "the agent's answer");
  if (!json) return {};
  FieldReader fields(*json);
  return {.is_managed = json->value("managed", Json(true)) != false,
          .not_kept_because = fields.text("not_kept_because"),
          .not_managed_because = fields.text("not_managed_because")};
}

// Init is placed, which is what the runtime waits for. If the agent could not save the registration, the spool may
// still have room for it.
Placed keep(const Try& one, const std::string& not_kept) {
  if (not_kept.empty()) return {Placed::How::kByAgent};
  const auto spooled = leave_in_spool(one.world.spool, one.registration);
  if (spooled) return {Placed::How::kByAgent, "placed, and left in " + one.world.spool + ": " + not_kept};
  return {Placed::How::kByAgent, "placed, but a restart of the agent would forget it: " + not_kept};
}

Result<ApiResponse> ask_to_register(const Try& one) {
  return one.world.ask_agent(
      {.method = HttpMethod::kPut, .target = target_of(one.registration.id), .body = to_json(one.registration.request)},
      one.answer_by.left());
}

struct Asked {
  Result<ApiResponse> answer;
  std::string not_mounted_because = {};  // the agent needs net_cls mounted, and that failed
};

// The agent decides whether net_cls is needed. Who registers has to mount it, since the agent may not. It stays mounted
// until the agent has answered.
Asked register_with_agent(const Try& one) {
  constexpr milliseconds kHoldMax{100};  // who unmounts releases the lock sooner
  auto hold = one.world.mounting.hold_if_mounted(one.answer_by.at_most(kHoldMax).at());
  Asked asked{ask_to_register(one)};
  if (!asked.answer || !wants_net_cls_mounted(*asked.answer)) return asked;
  hold.reset();  // mounting takes the lock exclusively
  auto mounted = one.world.mounting.hold_mounted(one.answer_by.at());
  if (mounted) asked.answer = ask_to_register(one);
  if (!mounted) asked.not_mounted_because = "; " + mounted.error().message();
  return asked;
}

}  // namespace

AgentSays classify(int status) {
  if (status >= 200 && status < 300) return AgentSays::kDone;
  if (status >= 400 && status < 500 && status != 408 && status != 429) return AgentSays::kRefused;
  return AgentSays::kNotNow;
}

std::string describe(const std::string& socket, const Result<ApiResponse>& answer) {
  if (!answer) return answer.error().message();
  const std::string status = std::to_string(answer->status);
  const bool refused = classify(answer->status) == AgentSays::kRefused;
  return "agent at " + socket + (refused ? " refuses it (" + status + "): " : " answered " + status + ": ") +
         problem_detail(*answer);
}

std::string target_of(const ContainerId& id) { return "/v1/containers/" + id.text(); }

Placed register_container(const Registration& registration, const PlacingWorld& world, Deadline answer_by,
                          Deadline end) {
  const Try one{registration, world, answer_by, end};
  const auto [answer, not_mounted_because] = register_with_agent(one);
  const AgentSays meaning = answer ? classify(answer->status) : AgentSays::kNotNow;
  if (meaning == AgentSays::kNotNow) return fall_back(one, describe(world.socket, answer) + not_mounted_because);
  if (meaning == AgentSays::kRefused) return {Placed::How::kRefused, describe(world.socket, answer)};
  const Answered answered = read_answer(*answer);
  if (!answered.is_managed) return {Placed::How::kNotManaged, answered.not_managed_because};
  return keep(one, answered.not_kept_because);
}

}  // namespace netclsd::hook
