#include "common/sandbox/capabilities.h"

#include <cap-ng.h>
#include <sys/prctl.h>

#include <cerrno>
#include <cstdlib>
#include <memory>
#include <string_view>
#include <vector>

namespace netclsd {
namespace {

constexpr auto kInUse = static_cast<capng_type_t>(CAPNG_EFFECTIVE | CAPNG_PERMITTED);

Result<void> read_own() {
  return capng_get_caps_process() == 0 ? Result<void>{} : system_failure(errno, "read the capabilities");
}

Result<void> apply(capng_select_t which, std::string_view what) {
  return capng_apply(which) == 0 ? Result<void>{} : system_failure(errno, what);
}

// No libcap-ng call in between: it works on what read_own() has read.
Result<void> change(capng_act_t action, capng_type_t where, unsigned capability) {
  return capng_update(action, where, capability) == 0 ? Result<void>{} : system_failure(errno, "change a capability");
}

std::vector<unsigned> named_by(Keep keep) {
  switch (keep) {
    case Keep::kNothing:
      return {};
    case Keep::kNetAdmin:
      return {CAP_NET_ADMIN};
    case Keep::kNetAdminAndBpf:
      return {CAP_NET_ADMIN, CAP_BPF};
  }
  return {};
}

Result<void> change_effective_net_admin(capng_act_t action, std::string_view what) {
  if (auto read = read_own(); !read) return read;
  if (auto changed = change(action, CAPNG_EFFECTIVE, CAP_NET_ADMIN); !changed) return changed;
  return apply(CAPNG_SELECT_CAPS, what);
}

Result<void> empty_bounding_set() {
  if (capng_have_capability(CAPNG_EFFECTIVE, CAP_SETPCAP) == 0) return {};
  capng_clear(CAPNG_SELECT_BOUNDS);
  return apply(CAPNG_SELECT_BOUNDS, "empty the bounding set");
}

Result<void> expect_none_but(Keep keep) {
  if (auto read = read_own(); !read) return read;
  for (const unsigned kept : named_by(keep)) {
    if (auto changed = change(CAPNG_DROP, kInUse, kept); !changed) return changed;
  }
  const bool has_none = capng_have_capabilities(CAPNG_SELECT_CAPS) == CAPNG_NONE &&
                        capng_have_capabilities(CAPNG_SELECT_AMBIENT) == CAPNG_NONE;
  return has_none ? Result<void>{} : failure(ErrorCode::kSystem, "capabilities were dropped, and are still there");
}

}  // namespace

Result<bool> works_without_net_admin(const std::function<bool()>& attempt) {
  if (auto read = read_own(); !read) return pass_on(read.error());
  if (capng_have_capability(CAPNG_EFFECTIVE, CAP_NET_ADMIN) == 0) return attempt();
  if (auto taken = change_effective_net_admin(CAPNG_DROP, "lay down CAP_NET_ADMIN"); !taken)
    return pass_on(taken.error());
  const bool works = attempt();
  // It is permitted still.
  if (auto back = change_effective_net_admin(CAPNG_ADD, "take CAP_NET_ADMIN back"); !back) return pass_on(back.error());
  return works;
}

Result<void> drop_capabilities(Keep keep) {
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return system_failure(errno, "set no_new_privs");
  if (auto read = read_own(); !read) return read;
  std::vector<unsigned> kept = named_by(keep);
  std::erase_if(kept, [](unsigned one) { return capng_have_capability(CAPNG_PERMITTED, one) == 0; });
  if (auto emptied = empty_bounding_set(); !emptied) return emptied;
  capng_clear(CAPNG_SELECT_CAPS);
  capng_clear(CAPNG_SELECT_AMBIENT);
  for (const unsigned one : kept) {
    if (auto changed = change(CAPNG_ADD, kInUse, one); !changed) return changed;
  }
  if (auto dropped = apply(CAPNG_SELECT_CAPS, "drop the capabilities"); !dropped) return dropped;
  if (auto dropped = apply(CAPNG_SELECT_AMBIENT, "drop the ambient capabilities"); !dropped) return dropped;
  return expect_none_but(keep);
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
