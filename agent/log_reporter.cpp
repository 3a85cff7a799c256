#include "agent/log_reporter.h"

#include <string>

#include "agent/logging/log.h"
#include "agent/metrics/counters.h"

namespace netclsd {

void LogReporter::registered(const Registration& r) {
  log_event(LogLevel::kInfo, "container_registered",
            {{"container", r.id.text()},
             {"pid", r.init.pid.value},
             {"class", to_string(r.choice.classid)},
             {"origin", r.choice.origin},
             {"source", to_string(r.source)},
             {"group", r.directory},
             {"adopted", r.is_adopted},
             {"membership", r.membership ? r.membership->hierarchy + ":" + r.membership->path : "descent"}});
  if (r.choice.classid.has_major()) return;
  log_event(LogLevel::kWarning, "classid_without_major",
            {{"container", r.id.text()},
             {"class", to_string(r.choice.classid)},
             {"origin", r.choice.origin},
             {"is", "fits no qdisc; only rules that compare the number see it"}});
}

void LogReporter::released(const ContainerId& id) {
  log_event(LogLevel::kInfo, "container_released", {{"container", id.text()}});
}

// A pod that is started again and again has a new container each time: its name is what repeats.
void LogReporter::refused(const Refused& r) {
  const char* reason = kRefusalReasons[static_cast<std::size_t>(r.refusal.reason)];
  const std::string name_space = r.pod.pod_namespace.value_or("unknown");
  const std::string key = std::string(reason) + " " + name_space + "/" + r.pod.pod;
  const auto repeated = guard_.admit("policy_refused", key, std::chrono::steady_clock::now());
  if (!repeated) return;
  log_event(LogLevel::kWarning, "policy_refused",
            {{"container", r.id.text()},
             {"namespace", name_space},
             {"pod", r.pod.pod},
             {"service_account", r.pod.service_account.value_or("")},
             {"class", r.refusal.classid ? to_string(*r.refusal.classid) : ""},
             {"reason", reason},
             {"rule", r.refusal.rule},
             {"held_by", r.held_by},
             {"why", r.refusal.message},
             {"now", r.has_default_class ? "in the default class" : "refused"},
             {"repeated", *repeated}});
}

void LogReporter::swept(const char* cause, const SweepReport& report) {
  // A sweep that found nothing is the usual case.
  const LogLevel level = report.strays > 0 ? LogLevel::kInfo : LogLevel::kDebug;
  log_event(level, "swept",
            {{"cause", cause},
             {"processes", report.processes_seen},
             {"members", report.members},
             {"strays", report.strays},
             {"moved", report.moved},
             {"failed", report.failed},
             {"duration_us", report.duration.count()}});
}

void LogReporter::overrun(std::uint64_t dropped) {
  log_event(LogLevel::kWarning, "events_dropped", {{"dropped", dropped}, {"now", "sweeping when it calms down"}});
}

void LogReporter::problem(const char* event, const std::string& object, const Error& error) {
  const auto repeated = guard_.admit(event, object, std::chrono::steady_clock::now());
  if (!repeated) return;
  log_event(LogLevel::kError, event, {{"object", object}, {"error", error.message()}, {"repeated", *repeated}});
}

}  // namespace netclsd
