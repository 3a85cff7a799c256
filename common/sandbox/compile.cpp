#include <seccomp.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <memory>

#include "common/base/unique_fd.h"
#include "common/sandbox/seccomp_policy.h"

namespace netclsd {
namespace {

struct Release {
  void operator()(scmp_filter_ctx context) const { ::seccomp_release(context); }
};
using Context = std::unique_ptr<void, Release>;

constexpr std::uint32_t kBinaryTree = 2;  // of system call numbers, instead of one comparison after the other

// The library returns negative errno values.
Result<void> check(int outcome, std::string_view what) {
  if (outcome == 0) return {};
  return system_failure(-outcome, what);
}

Result<Context> make_context(SeccompMode mode) {
  Context context(::seccomp_init(mode == SeccompMode::kLog ? SCMP_ACT_LOG : SCMP_ACT_KILL_PROCESS));
  if (!context) return failure(ErrorCode::kUnavailable, "no memory for a seccomp filter");
  for (const auto& [attribute, value] :
       {std::pair{SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS}, std::pair{SCMP_FLTATR_CTL_OPTIMIZE, kBinaryTree}}) {
    auto set = check(::seccomp_attr_set(context.get(), attribute, value), "set a seccomp attribute");
    if (!set) return pass_on(set.error());
  }
  return context;
}

Result<SeccompFilter> read_program(const UniqueFd& file) {
  const off_t size = ::lseek(file.get(), 0, SEEK_END);
  if (size < 0) return system_failure(errno, "size a seccomp filter");
  SeccompFilter filter(static_cast<std::size_t>(size) / sizeof(sock_filter));
  if (::pread(file.get(), filter.data(), static_cast<std::size_t>(size), 0) == size) return filter;
  return system_failure(errno, "read a seccomp filter");
}

Result<SeccompFilter> export_program(const Context& context) {
  const UniqueFd file(::memfd_create("seccomp", MFD_CLOEXEC));
  if (!file.is_open()) return system_failure(errno, "make a file for a seccomp filter");
  auto exported = check(::seccomp_export_bpf(context.get(), file.get()), "compile a seccomp filter");
  if (!exported) return pass_on(exported.error());
  return read_program(file);
}

}  // namespace

Result<SeccompFilter> SeccompPolicy::compile(SeccompMode mode) const {
  auto context = make_context(mode);
  if (!context) return pass_on(context.error());
  for (const Rule& rule : rules_) {
    std::vector<scmp_arg_cmp> comparisons;
    for (const Argument& argument : rule.arguments) {
      comparisons.push_back({argument.index, SCMP_CMP_MASKED_EQ, argument.mask, argument.value});
    }
    const std::uint32_t action =
        rule.error == 0 ? SCMP_ACT_ALLOW : SCMP_ACT_ERRNO(static_cast<std::uint32_t>(rule.error));
    auto added = check(::seccomp_rule_add_array(context->get(), action, rule.number,
                                                static_cast<unsigned>(comparisons.size()), comparisons.data()),
                       "add a seccomp rule");
    if (!added) return pass_on(added.error());
  }
  return export_program(*context);
}

}  // namespace netclsd
