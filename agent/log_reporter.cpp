#include "agent/log_reporter.h"

#include "agent/logging/log.h"

namespace netclsd {

void LogReporter::registered(const Registration& r) {
  log_event(LogLevel::kInfo, "container_registered",
            {{"container", r.id.text()},
             {"pid", r.init.pid.value},
             {"class", to_string(r.classid)},
             {"origin", r.class_origin},
             {"source", to_string(r.source)},
             {"group", r.directory},
             {"adopted", r.is_adopted},
             {"membership", r.membership ? r.membership->hierarchy + ":" + r.membership->path : "descent"}});
}

void LogReporter::released(const ContainerId& id) {
  log_event(LogLevel::kInfo, "container_released", {{"container", id.text()}});
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
