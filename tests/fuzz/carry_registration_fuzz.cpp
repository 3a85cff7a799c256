// A registration's state file, as the carrier reads it: beside the agent, which wrote it, and does not ask it.
#include <optional>
#include <string>

#include "agent/containers/registration.h"
#include "carry/cgroups.h"
#include "carry/registrations.h"
#include "common/base/error.h"
#include "tests/fuzz/fuzz.h"

namespace netclsd {
namespace {

// By the membership path a cgroup of init's is chosen: it is init's own or above it, and never one outside.
void check_cgroup(const std::string& of_init, std::string_view membership) {
  const auto path = carry::cgroup_of_container(of_init, membership);
  if (!path) return;
  CHECK(of_init == *path || of_init.starts_with(*path + "/"));
  CHECK(membership.ends_with(path->substr(path->rfind('/') + 1)) && !path->ends_with("/.."));
}

// What the agent takes up after a restart, the carrier carries, and as the same.
void check_agreement(const carry::Registered& read, const Registration& of_agent) {
  CHECK(read.id == of_agent.id && read.classid == of_agent.choice.classid && read.init == of_agent.init);
  const bool is_unified = of_agent.membership && of_agent.membership->hierarchy.empty();
  CHECK(read.membership == (is_unified ? of_agent.membership->path : ""));
}

}  // namespace

void fuzz_one(std::string_view input) {
  const auto read = carry::parse_registration(input);
  const auto of_agent = registration_from_json(input);
  if (!read) {
    check_error(read.error());
    CHECK(!of_agent);
    return;
  }
  CHECK(read->classid.raw() != 0 && read->init.pid.value > 0 && !read->id.text().empty());
  if (of_agent) check_agreement(*read, *of_agent);
  for (const std::string& of_init : {read->membership, read->membership + "/init", "/other" + read->membership}) {
    check_cgroup(of_init, read->membership);
  }
}

}  // namespace netclsd
