// A registration's state file, as the agent takes it up when it starts, and the reports beside it.
#include "agent/carry/carry_report.h"
#include "agent/containers/registration.h"
#include "agent/sources/hook_report.h"
#include "agent/sources/nri_report.h"
#include "common/base/error.h"
#include "common/base/text.h"
#include "tests/fuzz/fuzz.h"

namespace netclsd {
namespace {

// The directory is joined to the mount: nothing in a file may lead out of it.
void check_directory(const std::string& directory) {
  CHECK(!directory.empty() && !directory.starts_with('/'));
  for (const std::string_view name : split(directory, '/')) CHECK(name != "..");
}

// Its texts go onto terminals and into logs.
void check_hook_report(std::string_view input) {
  const auto report = parse_hook_report(input);
  if (!report) return check_error(report.error());
  CHECK(report->runtimes.size() <= kHookRuntimes.size());
  const HookView view = view_of(as_it_is(*report, [](const ProcessKey&) { return false; }));
  CHECK(view.message.find('\n') == std::string::npos && view.message.size() < 520);
}

void check_nri_report(std::string_view input) {
  const auto report = parse_nri_report(input);
  if (!report) return check_error(report.error());
  CHECK(report->plugin.pid.value > 0);
  const NriView view = view_of(*report, true);
  CHECK(view.message.find('\n') == std::string::npos && view.message.size() < 520 && view.runtime.size() < 520);
}

void check_carry_report(std::string_view input) {
  const auto report = parse_carry_report(input);
  if (!report) return check_error(report.error());
  CHECK(report->carrier.pid.value > 0);
  const CarryView view = view_of(*report, true);
  CHECK(view.message.find('\n') == std::string::npos && view.message.size() < 520 && view.kernel.size() < 520);
  for (const auto& [id, carried] : report->containers) {
    CHECK(carried.problem.size() < 520 && carried.carriers.size() <= 64);
  }
}

}  // namespace

void fuzz_one(std::string_view input) {
  check_hook_report(input);
  check_nri_report(input);
  check_carry_report(input);
  const auto registration = registration_from_json(input);
  if (!registration) return check_error(registration.error());
  CHECK(registration->init.pid.value > 0);
  check_directory(registration->directory);
  CHECK(registration_from_json(registration_to_json(*registration)) == *registration);
}

}  // namespace netclsd
