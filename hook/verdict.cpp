#include "hook/verdict.h"

#include <utility>

#include "hook/placement/report.h"

namespace netclsd::hook {
namespace {

std::string_view what_happens_now(const Subject& subject, bool denied) {
  if (subject.is_release) return "the agent releases it when it sees that init is gone";
  return denied ? "the container is refused" : "the container starts";
}

std::string line_about(const Subject& subject, std::string_view what) {
  std::string line = "netclsd-hook: ";
  if (!subject.container.empty()) line.append("container ").append(subject.container).append(": ");
  return line.append(one_line(explained(what, "the hook's")));
}

}  // namespace

Outcome failed(const HookOptions& options, const Subject& subject, std::string_view what) {
  const bool denied =
      !subject.is_release && is_denied(options.on_failure, options.deny_exempt_namespaces, subject.pod_namespace);
  std::string line = line_about(subject, what).append("; ").append(what_happens_now(subject, denied));
  return {.exit_status = denied ? 1 : 0, .line = std::move(line)};
}

Outcome warned(const Subject& subject, std::string_view what) {
  return {.exit_status = 0, .line = line_about(subject, what)};
}

void report(const Outcome& outcome, const std::string& log_file) { write_report(outcome.line, log_file); }

}  // namespace netclsd::hook
