#include "common/sandbox/landlock.h"

#include <fcntl.h>
#include <linux/landlock.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>

#include "common/base/file.h"

namespace netclsd {
namespace {

// Later than the headers that this is built with (include/uapi/linux/landlock.h).
constexpr std::uint64_t kTruncate = 1U << 14;             // ABI 3
constexpr std::uint64_t kIoctlOnDevices = 1U << 15;       // ABI 5
constexpr std::uint64_t kBindTcp = 1U << 0;               // ABI 4
constexpr std::uint64_t kConnectTcp = 1U << 1;            // ABI 4
constexpr std::uint64_t kScopeAbstractSockets = 1U << 0;  // ABI 6
constexpr std::uint64_t kScopeSignals = 1U << 1;          // ABI 6
constexpr std::uint64_t kFilesOfAbi1 = (LANDLOCK_ACCESS_FS_MAKE_SYM << 1U) - 1;
constexpr std::uint64_t kOnFiles =
    LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_WRITE_FILE | kTruncate;

constexpr std::uint64_t kRead = LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR;
constexpr std::uint64_t kWrite = kRead | LANDLOCK_ACCESS_FS_WRITE_FILE | kTruncate;
constexpr std::uint64_t kUseGroups = kWrite | LANDLOCK_ACCESS_FS_MAKE_DIR | LANDLOCK_ACCESS_FS_REMOVE_DIR;
// Renaming a fifo needs the right to make one. The agent moves aside whatever somebody left in its directories. That it
// makes no fifo or device itself is ensured by seccomp.
constexpr std::uint64_t kRenameAnything = LANDLOCK_ACCESS_FS_MAKE_SYM | LANDLOCK_ACCESS_FS_MAKE_FIFO |
                                          LANDLOCK_ACCESS_FS_MAKE_SOCK | LANDLOCK_ACCESS_FS_MAKE_CHAR |
                                          LANDLOCK_ACCESS_FS_MAKE_BLOCK | LANDLOCK_ACCESS_FS_MAKE_DIR |
                                          LANDLOCK_ACCESS_FS_REMOVE_DIR;
constexpr std::uint64_t kUseFiles =
    kWrite | LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_REMOVE_FILE | kRenameAnything;
constexpr std::uint64_t kRemove = LANDLOCK_ACCESS_FS_REMOVE_FILE;

// landlock_ruleset_attr, which grew.
struct Ruleset {
  std::uint64_t files = 0;
  std::uint64_t ports = 0;   // ABI 4
  std::uint64_t scopes = 0;  // ABI 6
};

// What is forbidden unless a rule allows it. A kernel returns EINVAL for bits that it does not know.
Ruleset ruleset_of(int abi, const LandlockRules& rules) {
  Ruleset ruleset{.files = kFilesOfAbi1};
  if (abi >= 2) ruleset.files |= LANDLOCK_ACCESS_FS_REFER;
  if (abi >= 3) ruleset.files |= kTruncate;
  if (abi >= 4) ruleset.ports = kBindTcp | kConnectTcp;
  if (abi >= 5) ruleset.files |= kIoctlOnDevices;
  if (abi >= 6) ruleset.scopes = kScopeSignals | (rules.reaches_abstract_sockets ? 0 : kScopeAbstractSockets);
  return ruleset;
}

std::size_t size_of_ruleset(int abi) {
  if (abi >= 6) return sizeof(Ruleset);
  return abi >= 4 ? 2 * sizeof(std::uint64_t) : sizeof(std::uint64_t);
}

Result<void> allow(const UniqueFd& ruleset, const std::string& path, std::uint64_t access) {
  const UniqueFd parent(::open(path.c_str(), O_PATH | O_CLOEXEC));
  if (!parent.is_open() && (errno == ENOENT || errno == ENOTDIR)) return {};
  struct stat status {};
  if (!parent.is_open() || ::fstat(parent.get(), &status) != 0) return system_failure(errno, "open", path);
  landlock_path_beneath_attr rule{};
  rule.allowed_access = S_ISDIR(status.st_mode) ? access : access & kOnFiles;
  rule.parent_fd = parent.get();
  if (::syscall(SYS_landlock_add_rule, ruleset.get(), LANDLOCK_RULE_PATH_BENEATH, &rule, 0) == 0) return {};
  return system_failure(errno, "allow Landlock", path);
}

Result<void> allow_all(const UniqueFd& ruleset, const std::vector<std::string>& paths, std::uint64_t access) {
  for (const std::string& path : paths) {
    if (auto allowed = allow(ruleset, path, access); !allowed) return allowed;
  }
  return {};
}

// Returns the paths that cannot be opened for lack of permission.
Result<std::vector<std::string>> allow_reachable(const UniqueFd& ruleset, const std::vector<std::string>& paths) {
  std::vector<std::string> unreachable;
  for (const std::string& path : paths) {
    const auto allowed = allow(ruleset, path, kRead);
    if (allowed) continue;
    const int error = allowed.error().sys_errno();
    if (error != EACCES && error != EPERM) return pass_on(allowed.error());
    unreachable.push_back(path);
  }
  return unreachable;
}

}  // namespace

int landlock_abi() {
  const long abi = ::syscall(SYS_landlock_create_ruleset, nullptr, 0, LANDLOCK_CREATE_RULESET_VERSION);
  return static_cast<int>(std::max(abi, 0L));
}

Result<std::vector<std::string>> restrict_with_landlock(const LandlockRules& rules) {
  const int abi = landlock_abi();
  if (abi == 0) return failure(ErrorCode::kUnavailable, "this kernel has no Landlock, or it is switched off");
  const Ruleset wanted = ruleset_of(abi, rules);
  const UniqueFd ruleset(static_cast<int>(::syscall(SYS_landlock_create_ruleset, &wanted, size_of_ruleset(abi), 0)));
  if (!ruleset.is_open()) return system_failure(errno, "make a Landlock ruleset");
  for (const auto& [paths, access] : {std::pair{&rules.read, kRead}, std::pair{&rules.groups, kUseGroups},
                                      std::pair{&rules.files, kUseFiles}, std::pair{&rules.removal, kRemove}}) {
    if (auto allowed = allow_all(ruleset, *paths, access & wanted.files); !allowed) return pass_on(allowed.error());
  }
  auto unreachable = allow_reachable(ruleset, rules.read_if_reachable);
  if (!unreachable) return unreachable;
  if (::syscall(SYS_landlock_restrict_self, ruleset.get(), 0) != 0) return system_failure(errno, "apply Landlock");
  return unreachable;
}

}  // namespace netclsd
