#include "common/base/fault_plan.h"

#include <cerrno>
#include <string>

#include "common/base/text.h"

namespace netclsd {
namespace {

constexpr std::size_t kTextMax_bytes = 1'024;
constexpr std::size_t kRulesMax = 32;
constexpr std::uint64_t kPassMax = 1'000'000;
constexpr std::string_view kKill = "kill";

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
  std::string names;
  for (const ErrnoName& known : kErrnos) {
    if (known.name == name) return known.value;
    names.append(", ").append(known.name);
  }
  return wrong(name, "no action; expected one of " + std::string(kKill) + names);
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

}  // namespace netclsd
