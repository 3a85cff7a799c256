#include "cli/hook_install/nri.h"

#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>
#include <cstring>
#include <string>

#include "cli/hook_install/own_directory.h"
#include "common/base/file.h"

namespace netclsd::cli {
namespace {

bool is_hooked_already(const RootTree& tree, const HookOptions& options) {
  const auto installation = find_installation(tree, options.program_directory);
  if (!installation || !*installation) return false;
  const auto& hooked = (*installation)->manifest.runtimes;
  return std::find(hooked.begin(), hooked.end(), to_string(Runtime::kContainerd)) != hooked.end();
}

}  // namespace

bool offers_nri(const RootTree& tree) {
  const std::string path = tree.root() + kNriSocket;
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) return false;
  std::memcpy(address.sun_path, path.data(), path.size());
  const UniqueFd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  const void* generic = &address;
  // A full backlog: somebody listens.
  return socket.is_open() &&
         (::connect(socket.get(), static_cast<const sockaddr*>(generic), sizeof address) == 0 || errno == EAGAIN);
}

std::vector<Runtime> not_left_to_nri(const RootTree& tree, const HookOptions& options, std::vector<Runtime> runtimes) {
  const auto containerd = std::find(runtimes.begin(), runtimes.end(), Runtime::kContainerd);
  if (containerd == runtimes.end() || is_hooked_already(tree, options) || !offers_nri(tree)) return runtimes;
  runtimes.erase(containerd);
  return runtimes;
}

}  // namespace netclsd::cli
