#include "cli/hook_install/restart.h"

#include "cli/hook_install/command.h"
#include "cli/hook_install/found.h"

namespace netclsd::cli {
namespace {

constexpr std::chrono::seconds kLimit{120};  // systemd itself gives a service 90 s

}  // namespace

Result<void> restart_containerd(const RootTree& tree) {
  const auto systemctl = find_program(tree, "systemctl");
  if (!systemctl) return failure(ErrorCode::kNotFound, "there is no systemctl; restart containerd by hand");
  const auto output = run_in_root(tree.root(), {*systemctl, "restart", "containerd"}, kLimit);
  if (!output) return pass_on(output.error());
  if (output->exit_status == 0) return {};
  return failure(ErrorCode::kUnavailable, "systemctl restart containerd ended with " +
                                              std::to_string(output->exit_status) +
                                              "; containers go on, see journalctl -u containerd");
}

}  // namespace netclsd::cli
