// A registration's state file, as the agent takes it up when it starts.
#include "agent/state/registration_json.h"
#include "common/base/check.h"
#include "common/base/text.h"
#include "tests/fuzz/fuzz.h"

namespace netclsd {
namespace {

// The directory is joined to the mount: nothing in a file may lead out of it.
void check_directory(const std::string& directory) {
  CHECK(!directory.empty() && !directory.starts_with('/'));
  for (const std::string_view name : split(directory, '/')) CHECK(name != "..");
}

}  // namespace

void fuzz_one(std::string_view input) {
  const auto registration = registration_from_json(input);
  if (!registration) return check_error(registration.error());
  CHECK(registration->init.pid.value > 0);
  check_directory(registration->directory);
  CHECK(registration_from_json(registration_to_json(*registration)) == *registration);
}

}  // namespace netclsd
