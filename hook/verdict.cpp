#include "hook/verdict.h"

#include <algorithm>

namespace netclsd::hook {
namespace {

constexpr std::size_t kLineMax_bytes = 1000;

bool is_denied(const HookOptions& options, const Subject& subject) {
  if (subject.is_release || options.on_failure == OnFailure::kAllow) return false;
  const auto& exempt = options.deny_exempt_namespaces;
  return subject.pod_namespace.empty() ||
         std::find(exempt.begin(), exempt.end(), subject.pod_namespace) == exempt.end();
}

std::string_view what_happens_now(const Subject& subject, bool denied) {
  if (subject.is_release) return "the agent releases it when it sees that init is gone";
  return denied ? "the container is refused" : "the container starts";
}

std::string line_about(const Subject& subject, std::string_view what) {
  std::string line = "netclsd-hook: ";
  if (!subject.container.empty()) line.append("container ").append(subject.container).append(": ");
  return line.append(one_line(what));
}

}  // namespace

Outcome failed(const HookOptions& options, const Subject& subject, std::string_view what) {
  const bool denied = is_denied(options, subject);
  std::string line = line_about(subject, what).append("; ").append(what_happens_now(subject, denied));
  return {.exit_status = denied ? 1 : 0, .line = std::move(line)};
}

Outcome warned(const Subject& subject, std::string_view what) {
  return {.exit_status = 0, .line = line_about(subject, what)};
}

std::string one_line(std::string_view text) {
  std::string line(text.substr(0, kLineMax_bytes));
  for (char& c : line) {
    if (static_cast<unsigned char>(c) < ' ' || c == '\x7f') c = ' ';
  }
  return line + (text.size() > kLineMax_bytes ? "…" : "");
}

}  // namespace netclsd::hook
