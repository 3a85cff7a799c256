#include "common/base/fault_environment.h"

#include <signal.h>
#include <unistd.h>

#include <cstdlib>

#include "common/base/fault_plan.h"

namespace netclsd {
namespace {

constexpr const char* kVariable = "NETCLSD_FAULTS";

std::optional<int> obey(const FaultRule* rule) {
  if (rule == nullptr) return std::nullopt;
  if (!rule->error) ::kill(::getpid(), SIGKILL);  // a crash: no destructor runs, no buffer is written
  return rule->error;
}

}  // namespace

Result<void> read_faults_from_environment() {
  const char* text = std::getenv(kVariable);
  auto rules = parse_fault_rules(text == nullptr ? "" : text);
  if (!rules) return pass_on(rules.error(), kVariable);
  set_fault_handler([plan = FaultPlan(std::move(*rules))](FaultPoint point) mutable { return obey(plan.pass(point)); });
  return {};
}

}  // namespace netclsd
