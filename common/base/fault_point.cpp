#include "common/base/fault_point.h"

#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <string>
#include <utility>

#include "common/base/file.h"
#include "common/base/text.h"

namespace netclsd {
namespace {

constexpr std::array<std::string_view, kFaultPoints> kNames = {
    "event_receive",     "drop_counter",   "proc_slice",    "register_identify",   "register_group",
    "register_place",    "register_watch", "register_keep", "exit_watch",          "loop_watch",
    "group_make",        "classid_write",  "cgroup_attach", "group_remove",        "file_read",
    "file_write",        "file_sync",      "file_rename",   "file_directory_sync", "file_remove",
    "agent_connect",     "agent_write",    "agent_read",    "install_step",        "hierarchy_mount",
    "hierarchy_unmount", "tcx_probe"};
static_assert(!kNames.back().empty(), "each point has a name");

FaultHandler& handler() {
  static FaultHandler of_the_process;
  return of_the_process;
}

}  // namespace

std::string_view to_string(FaultPoint point) { return kNames[static_cast<std::size_t>(point)]; }

void set_fault_handler(FaultHandler new_handler) { handler() = std::move(new_handler); }

std::optional<int> ask_fault_handler(FaultPoint point) { return handler() ? handler()(point) : std::nullopt; }

namespace {

constexpr std::size_t kTextMax_bytes = 1'024;
constexpr std::size_t kRulesMax = 32;
constexpr std::uint64_t kPassMax = 1'000'000;
constexpr std::string_view kKill = "kill";
constexpr std::string_view kForbiddenCallName = "forbidden_call";

struct ErrnoName {
  std::string_view name;
  int value;
};

constexpr std::array<ErrnoName, 17> kErrnos = {{{"EACCES", EACCES},
                                                {"EAGAIN", EAGAIN},
                                                {"EBUSY", EBUSY},
                                                {"ECONNREFUSED", ECONNREFUSED},
                                                {"ECONNRESET", ECONNRESET},
                                                {"EINTR", EINTR},
                                                {"EIO", EIO},
                                                {"EMFILE", EMFILE},
                                                {"ENOBUFS", ENOBUFS},
                                                {"ENODEV", ENODEV},
                                                {"ENOENT", ENOENT},
                                                {"ENOMEM", ENOMEM},
                                                {"ENOSPC", ENOSPC},
                                                {"EPERM", EPERM},
                                                {"EPIPE", EPIPE},
                                                {"ESRCH", ESRCH},
                                                {"ETIMEDOUT", ETIMEDOUT}}};

Failure wrong(std::string_view what, const std::string& expected) {
  return invalid("\"" + std::string(what) + "\" is " + expected);
}

Result<FaultPoint> parse_point(std::string_view name) {
  std::string names;
  for (std::size_t i = 0; i < kFaultPoints; ++i) {
    const auto point = static_cast<FaultPoint>(i);
    if (to_string(point) == name) return point;
    names.append(names.empty() ? "" : ", ").append(to_string(point));
  }
  return wrong(name, "no fault point; expected one of " + names);
}

Result<std::optional<int>> parse_action(std::string_view name) {
  if (name == kKill) return std::nullopt;
  if (name == kForbiddenCallName) return kForbiddenCall;
  std::string names;
  for (const ErrnoName& known : kErrnos) {
    if (known.name == name) return known.value;
    names.append(", ").append(known.name);
  }
  return wrong(name,
               "no action; expected one of " + std::string(kKill) + names + ", " + std::string(kForbiddenCallName));
}

Result<std::uint64_t> parse_pass(std::string_view text) {
  const auto pass = parse_unsigned(text);
  if (pass && *pass >= 1 && *pass <= kPassMax) return *pass;
  return wrong(text, "no pass; expected 1 to " + std::to_string(kPassMax) + ", with or without + behind it");
}

Result<FaultRule> parse_rule(std::string_view text) {
  const auto sides = split(text, '=', 2);
  if (sides.size() != 2) return wrong(text, "no rule; expected POINT=ACTION, POINT=ACTION@N or POINT=ACTION@N+");
  const auto parts = split(sides[1], '@', 2);
  auto point = parse_point(sides[0]);
  if (!point) return pass_on(point.error());
  auto error = parse_action(parts[0]);
  if (!error) return pass_on(error.error());
  FaultRule rule{.point = *point, .error = *error};
  if (parts.size() == 1) return rule;
  rule.is_lasting = parts[1].ends_with('+');
  auto pass = parse_pass(parts[1].substr(0, parts[1].size() - (rule.is_lasting ? 1 : 0)));
  if (!pass) return pass_on(pass.error());
  rule.pass = *pass;
  return rule;
}

}  // namespace

Result<std::vector<FaultRule>> parse_fault_rules(std::string_view text) {
  std::vector<FaultRule> rules;
  if (text.empty()) return rules;
  if (text.size() > kTextMax_bytes) return invalid("longer than " + std::to_string(kTextMax_bytes) + " bytes");
  for (const std::string_view part : split(text, ',')) {
    auto rule = parse_rule(part);
    if (!rule) return pass_on(rule.error());
    rules.push_back(*rule);
  }
  if (rules.size() > kRulesMax) return invalid("more than " + std::to_string(kRulesMax) + " rules");
  return rules;
}

const FaultRule* FaultPlan::pass(FaultPoint point) {
  const std::uint64_t now = ++passes_[static_cast<std::size_t>(point)];
  for (const FaultRule& rule : rules_) {
    const bool holds = rule.is_lasting ? now >= rule.pass : now == rule.pass;
    if (rule.point == point && holds) return &rule;
  }
  return nullptr;
}

namespace {

constexpr const char* kVariable = "NETCLSD_FAULTS";

std::optional<int> make_forbidden_call() {
  const UniqueFd socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  return socket.is_open() ? std::nullopt : std::optional(errno);
}

std::optional<int> obey(const FaultRule* rule) {
  if (rule == nullptr) return std::nullopt;
  if (!rule->error) ::kill(::getpid(), SIGKILL);  // a crash: no destructor runs, no buffer is written
  return rule->error == kForbiddenCall ? make_forbidden_call() : rule->error;
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
