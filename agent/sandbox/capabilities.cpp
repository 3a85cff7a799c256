#include "agent/sandbox/capabilities.h"

#include <cap-ng.h>
#include <sys/prctl.h>

#include <cerrno>
#include <cstdlib>
#include <memory>

#include "common/base/check.h"

namespace netclsd {
namespace {

constexpr auto kInUse = static_cast<capng_type_t>(CAPNG_EFFECTIVE | CAPNG_PERMITTED);

Result<void> empty_bounding_set() {
  if (capng_have_capability(CAPNG_EFFECTIVE, CAP_SETPCAP) == 0) return {};
  capng_clear(CAPNG_SELECT_BOUNDS);
  if (capng_apply(CAPNG_SELECT_BOUNDS) != 0) return system_failure(errno, "empty the bounding set");
  return {};
}

bool has_any_but(Keep keep) {
  CHECK(capng_get_caps_process() == 0);
  if (keep == Keep::kNetAdmin) CHECK(capng_update(CAPNG_DROP, kInUse, CAP_NET_ADMIN) == 0);
  return capng_have_capabilities(CAPNG_SELECT_CAPS) != CAPNG_NONE ||
         capng_have_capabilities(CAPNG_SELECT_AMBIENT) != CAPNG_NONE;
}

}  // namespace

bool works_without_net_admin(const std::function<bool()>& attempt) {
  if (capng_get_caps_process() != 0) return false;
  if (capng_have_capability(CAPNG_EFFECTIVE, CAP_NET_ADMIN) == 0) return attempt();
  capng_update(CAPNG_DROP, CAPNG_EFFECTIVE, CAP_NET_ADMIN);
  if (capng_apply(CAPNG_SELECT_CAPS) != 0) return false;
  const bool works = attempt();
  CHECK(capng_get_caps_process() == 0);
  capng_update(CAPNG_ADD, CAPNG_EFFECTIVE, CAP_NET_ADMIN);
  CHECK(capng_apply(CAPNG_SELECT_CAPS) == 0);  // it is permitted still
  return works;
}

Result<void> drop_capabilities(Keep keep) {
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return system_failure(errno, "set no_new_privs");
  if (capng_get_caps_process() != 0) return system_failure(errno, "read the capabilities");
  const bool keeps_net_admin = keep == Keep::kNetAdmin && capng_have_capability(CAPNG_PERMITTED, CAP_NET_ADMIN) != 0;
  if (auto emptied = empty_bounding_set(); !emptied) return emptied;
  capng_clear(CAPNG_SELECT_CAPS);
  capng_clear(CAPNG_SELECT_AMBIENT);
  if (keeps_net_admin) capng_update(CAPNG_ADD, kInUse, CAP_NET_ADMIN);
  if (capng_apply(CAPNG_SELECT_CAPS) != 0) return system_failure(errno, "drop the capabilities");
  if (capng_apply(CAPNG_SELECT_AMBIENT) != 0) return system_failure(errno, "drop the ambient capabilities");
  if (has_any_but(keep)) return failure(ErrorCode::kSystem, "capabilities were dropped, and are still there");
  return {};
}

std::string permitted_capabilities() {
  if (capng_get_caps_process() != 0) return "unknown";
  const std::unique_ptr<char, decltype(&std::free)> names(capng_print_caps_text(CAPNG_PRINT_BUFFER, CAPNG_PERMITTED),
                                                          &std::free);
  std::string text;
  for (const char* c = names ? names.get() : ""; *c != '\0'; ++c) {
    if (*c != ' ') text += *c;
  }
  return text;
}

}  // namespace netclsd
