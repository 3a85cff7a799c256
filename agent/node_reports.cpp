#include "agent/node_reports.h"

#include <cstddef>
#include <optional>
#include <string>
#include <utility>

#include "agent/host/surroundings.h"
#include "agent/logging/log.h"
#include "common/net_cls/kernel_flaws.h"

namespace netclsd {
namespace {

// A mount with favordynmods may come while the agent runs. To read the mounts of a large node takes milliseconds.
constexpr int kSecondsBetweenKernelLooks = 10;

}  // namespace

void NodeReports::look_at_kernel() {
  const std::string release = kernel_release();
  if (!keeps_cgroup2_matching(release).value_or(true)) {
    log_event(LogLevel::kWarning, "old_kernel", {{"release", release}, {"is", kBreaksCgroup2Matching}});
    warn_of_kernel("Linux " + release + " is " + kBreaksCgroup2Matching);
  }
  look_for_dangerous_mounts();
}

// The kernel keeps this mode until the next boot, even if the mount goes away or loses the option: so does the agent.
void NodeReports::look_for_dangerous_mounts() {
  seconds_to_kernel_look_ = kSecondsBetweenKernelLooks;
  if (counters_.early_moves_forbidden.value() != 0) return;
  const std::string cause = look_for_favordynmods(procfs_.root(), kernel_release());
  if (cause.empty()) return;
  engine_.let_children_run_first();
  log_event(LogLevel::kWarning, "early_moves_forbidden", {{"reason", cause}});
  warn_of_kernel(cause);
}

void NodeReports::warn_of_kernel(const std::string& cause) {
  auto warnings = reports_.kernel_warnings.get();
  warnings.push_back(cause);
  reports_.kernel_warnings.set(std::move(warnings));
}

void NodeReports::on_second() {
  if (--seconds_to_kernel_look_ <= 0) look_for_dangerous_mounts();
  look_at_reports();
}

void NodeReports::look_at_reports() {
  look_at_nri();
  look_at_hook();
  look_at_carry();
}

void NodeReports::look_at_nri() {
  if (!nri_report_.look()) return;
  const auto& now = nri_report_.now();
  reports_.nri.set(now);
  if (!now) return log_event(LogLevel::kInfo, "nri_report_gone");
  log_event(now->state == "connected" ? LogLevel::kInfo : LogLevel::kWarning, "nri_reported",
            {{"state", now->state}, {"runtime", now->runtime}, {"message", now->message}});
}

// For people only: whether the hook is installed is not for the agent to mend, and its readiness is another matter.
void NodeReports::look_at_hook() {
  if (!hook_report_.look(nri_report_.serves())) return;
  const auto& report = hook_report_.now();
  reports_.hook.set(report ? std::optional(view_of(*report)) : std::nullopt);
  if (!report) return log_event(LogLevel::kInfo, "hook_report_gone");
  const bool is_wanted = report->state == HookState::kOk || report->state == HookState::kDisabled;
  log_event(is_wanted ? LogLevel::kInfo : LogLevel::kWarning, "hook_reported",
            {{"state", kHookStates[static_cast<std::size_t>(report->state)]}, {"message", report->message}});
}

// Its numbers change with every packet, what is worth a line in the log does not.
void NodeReports::look_at_carry() {
  const auto before = reports_.carry.get();
  if (!carry_report_.look()) return;
  const auto& now = carry_report_.now();
  reports_.carry.set(now);
  reports_.carried.set(carry_report_.containers());
  if (!now && before) return log_event(LogLevel::kInfo, "carry_report_gone");
  if (!now || (before && before->state == now->state && before->message == now->message)) return;
  log_event(now->state == "ok" ? LogLevel::kInfo : LogLevel::kWarning, "carry_reported",
            {{"state", now->state}, {"kernel", now->kernel}, {"message", now->message}});
}

}  // namespace netclsd
