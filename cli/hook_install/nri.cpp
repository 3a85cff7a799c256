#include "cli/hook_install/nri.h"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <string>

#include "cli/hook_install/containerd_state.h"
#include "cli/hook_install/containerd_view.h"
#include "cli/hook_install/own_directory.h"
#include "common/base/unix_socket.h"
#include "common/model/runtime_version.h"

namespace netclsd::cli {
namespace {

bool is_hooked_already(const RootTree& tree, const HookOptions& options) {
  const auto installation = find_installation(tree, options.program_directory);
  if (!installation || !*installation) return false;
  const auto& hooked = (*installation)->manifest.runtimes;
  return std::find(hooked.begin(), hooked.end(), to_string(Runtime::kContainerd)) != hooked.end();
}

// The plugin refuses to run with it. A version that nobody can tell is taken for a newer one.
bool is_too_old(const RootTree& tree, const HookInstallOptions& options) {
  const auto running = find_cri_containerds(tree);
  const auto version = options.containerd_version.empty()
                           ? ask_containerd_version(tree, running.empty() ? "" : running.front().program)
                           : parse_containerd_version(options.containerd_version);
  return version && is_too_old_for_nri(*version);
}

}  // namespace

bool offers_nri(const RootTree& tree) {
  constexpr std::chrono::seconds kConnectedWithin{1};
  const auto connected = connect_unix(tree.root() + kNriSocket, kConnectedWithin);
  return connected || connected.error().sys_errno() == EAGAIN;  // a full backlog: somebody listens
}

std::vector<Runtime> not_left_to_nri(const RootTree& tree, const HookInstallOptions& options,
                                     std::vector<Runtime> runtimes) {
  const auto containerd = std::find(runtimes.begin(), runtimes.end(), Runtime::kContainerd);
  if (containerd == runtimes.end() || is_hooked_already(tree, options) || !offers_nri(tree)) return runtimes;
  if (is_too_old(tree, options)) return runtimes;
  runtimes.erase(containerd);
  return runtimes;
}

}  // namespace netclsd::cli
