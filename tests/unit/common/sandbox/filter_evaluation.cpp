#include "tests/unit/common/sandbox/filter_evaluation.h"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstring>
#include <iterator>

namespace netclsd {
namespace {

constexpr std::uint32_t kBroken = 0xdead'0000;  // no action of the kernel's

seccomp_data to_kernel(const Call& call, std::uint32_t architecture) {
  seccomp_data data{};
  data.nr = static_cast<int>(call.number);
  data.arch = architecture;
  for (std::size_t i = 0; i < call.arguments.size(); ++i) data.args[i] = call.arguments[i];
  return data;
}

std::uint32_t load(const seccomp_data& data, std::uint32_t offset) {
  std::uint32_t word = 0;
  if (offset + sizeof word > sizeof data) return kBroken;
  std::memcpy(&word, reinterpret_cast<const char*>(&data) + offset, sizeof word);
  return word;
}

std::optional<bool> jumps(const sock_filter& step, std::uint32_t accumulator) {
  switch (BPF_OP(step.code)) {
    case BPF_JEQ:
      return accumulator == step.k;
    case BPF_JGT:
      return accumulator > step.k;
    case BPF_JGE:
      return accumulator >= step.k;
    case BPF_JSET:
      return (accumulator & step.k) != 0;
    default:
      return std::nullopt;
  }
}

}  // namespace

std::ostream& operator<<(std::ostream& out, const Call& call) {
  out << "system call " << call.number << std::hex << " (";
  for (const std::uint64_t argument : call.arguments) out << " 0x" << argument;
  return out << std::dec << " )";
}

std::uint32_t evaluate(const SeccompFilter& filter, const Call& call, std::uint32_t architecture) {
  const seccomp_data data = to_kernel(call, architecture);
  std::uint32_t accumulator = 0;
  for (std::size_t i = 0; i < filter.size(); ++i) {  // jumps lead forward only: it ends
    const sock_filter& step = filter[i];
    if (step.code == (BPF_RET | BPF_K)) return step.k;
    if (step.code == (BPF_LD | BPF_W | BPF_ABS)) {
      accumulator = load(data, step.k);
    } else if (step.code == (BPF_ALU | BPF_AND | BPF_K)) {
      accumulator &= step.k;
    } else if (step.code == (BPF_JMP | BPF_JA)) {
      i += step.k;
    } else if (const auto jump = jumps(step, accumulator); jump && BPF_CLASS(step.code) == BPF_JMP) {
      i += *jump ? step.jt : step.jf;
    } else {
      ADD_FAILURE() << "an instruction that nobody knows: " << step.code;
      return kBroken;
    }
  }
  ADD_FAILURE() << "the filter ends without a verdict";
  return kBroken;
}

Judge::Judge(const SeccompPolicy& policy, SeccompMode mode) {
  auto filter = policy.compile(mode);
  EXPECT_TRUE(filter) << filter.error().message();
  if (filter) filter_ = *std::move(filter);
}

int fate_of_child(const SeccompFilter& filter, const std::function<bool()>& deed) {
  const pid_t child = ::fork();
  if (child == 0) {
    constexpr rlimit kNoCore{0, 0};
    ::setrlimit(RLIMIT_CORE, &kNoCore);
    if (!enforce(filter)) ::_exit(2);
    ::_exit(deed() ? 0 : 1);
  }
  int status = 0;
  EXPECT_EQ(::waitpid(child, &status, 0), child);
  if (WIFSIGNALED(status)) return WTERMSIG(status);
  return WEXITSTATUS(status) == 0 ? 0 : -1;
}

SeccompFilter refusing(long number) {
  return {BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
          BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, static_cast<std::uint32_t>(number), 0, 1),
          BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM), BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)};
}

}  // namespace netclsd
