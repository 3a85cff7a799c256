#include "agent/confinement/seccomp.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <linux/netlink.h>
#include <linux/sched.h>
#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <stdexcept>
#include <thread>

#include "agent/confinement/confinement.h"
#include "common/base/sanitizer.h"
#include "tests/unit/common/sandbox/filter_evaluation.h"
#include "tests/unit/common/sandbox/forbidden_calls.h"

namespace netclsd {
namespace {

constexpr std::uint64_t kHere = 3;
constexpr std::uint64_t kPointer = 0x7fff'1234'5678;
constexpr std::uint64_t kWrites = O_WRONLY | O_NOFOLLOW | O_CLOEXEC;
constexpr Call kConnector{SYS_socket, {AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_CONNECTOR}};
constexpr Call kNotifier{SYS_socket, {AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0}};
constexpr Call kStateFile{SYS_openat, {kHere, kPointer, kWrites | O_CREAT | O_TRUNC, 0600}};

enum class Who { kLoop, kWorker };

SeccompPolicy policy_of(Who who) { return who == Who::kLoop ? loop_policy(false) : worker_policy(); }

SeccompFilter filter_of(Who who, SeccompMode mode = SeccompMode::kKill) {
  auto filter = policy_of(who).compile(mode);
  EXPECT_TRUE(filter) << filter.error().message();
  return filter.value_or(SeccompFilter{});
}

TEST(AgentSeccompTest, NoThreadMayWhatNoneOfUsNeeds) {
  EXPECT_EQ(breaches(Judge(loop_policy(true))), std::vector<std::string>{});
  EXPECT_EQ(breaches(Judge(worker_policy())), std::vector<std::string>{});
}

TEST(AgentSeccompTest, TheLoopWritesGroupsAndStateAndListensToTheKernel) {
  const Judge judge(loop_policy(false));
  for (const Call& call : std::vector<Call>{kConnector,
                                            kStateFile,
                                            {SYS_openat, {kHere, kPointer, kWrites}},
                                            {SYS_openat, {kHere, kPointer, O_RDONLY | O_CLOEXEC | O_NONBLOCK}},
                                            {SYS_mkdirat, {kHere, kPointer, 0755}},
                                            {SYS_unlinkat},
                                            {SYS_renameat},
                                            {SYS_recvmmsg},
                                            {SYS_epoll_pwait},
                                            {SYS_pidfd_open},
                                            {SYS_prctl, {PR_SET_NAME}},
                                            {SYS_sched_setattr, {0}},
                                            {SYS_exit_group}}) {
    EXPECT_TRUE(judge.allows(call)) << call;
  }
}

TEST(AgentSeccompTest, TheLoopAcceptsAndMakesNoConnections) {
  const Judge judge(loop_policy(false));
  for (const Call& call : std::vector<Call>{{SYS_accept4}, {SYS_connect}, {SYS_sendmsg}, kNotifier}) {
    EXPECT_TRUE(judge.kills(call)) << call;
  }
}

TEST(AgentSeccompTest, OnlyWithAServiceManagerTheLoopTalksToOne) {
  EXPECT_TRUE(Judge(loop_policy(true)).allows(kNotifier));
  EXPECT_TRUE(Judge(loop_policy(false)).kills(kNotifier));
  EXPECT_TRUE(Judge(worker_policy()).kills(kNotifier));
}

TEST(AgentSeccompTest, AWorkerAnswersAndReads) {
  const Judge judge(worker_policy());
  for (const Call& call : std::vector<Call>{{SYS_accept4},
                                            {SYS_recvfrom},
                                            {SYS_sendto, {kHere, kPointer, 100}},
                                            {SYS_getsockopt, {kHere, SOL_SOCKET, SO_PEERCRED}},
                                            {SYS_futex},
                                            {SYS_write},
                                            {SYS_openat, {kHere, kPointer, O_RDONLY | O_CLOEXEC}},
                                            {SYS_getrandom},
                                            {SYS_exit}}) {
    EXPECT_TRUE(judge.allows(call)) << call;
  }
}

TEST(AgentSeccompTest, AWorkerChangesNoFileAndMakesNoSocket) {
  const Judge judge(worker_policy());
  for (const Call& call : std::vector<Call>{kStateFile,
                                            kConnector,
                                            {SYS_openat, {kHere, kPointer, kWrites}},
                                            {SYS_mkdirat, {kHere, kPointer, 0755}},
                                            {SYS_unlinkat},
                                            {SYS_renameat},
                                            {SYS_bind},
                                            {SYS_connect},
                                            {SYS_pidfd_open},
                                            {SYS_sendmsg},
                                            {SYS_sendto, {kHere, kPointer, 100, 0, kPointer, 12}}}) {
    EXPECT_TRUE(judge.kills(call)) << call;
  }
}

// ---- real children

struct Deed {
  const char* what;
  bool (*run)();
};

bool runs_a_program() {
  ::execl("/bin/true", "true", nullptr);
  return false;
}
bool forks() {
  const auto child = ::syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);
  if (child == 0) ::_exit(0);
  return child > 0;
}
bool makes_a_thread() {
  std::thread([] {}).join();
  return true;
}
bool opens_a_connection() { return ::socket(AF_INET, SOCK_STREAM, 0) >= 0; }
bool opens_rtnetlink() { return ::socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE) >= 0; }
bool traces() { return ::ptrace(PTRACE_TRACEME, 0, nullptr, nullptr) == 0; }
bool maps_executable_memory() {
  return ::mmap(nullptr, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) != MAP_FAILED;
}
bool makes_a_memory_file() { return ::memfd_create("x", 0) >= 0; }
bool unshares() { return ::unshare(CLONE_FS) == 0; }
bool kills_another() { return ::kill(::getppid(), 0) == 0; }
bool writes_through_links() { return ::open("/dev/null", O_WRONLY | O_CLOEXEC) >= 0; }
bool writes_a_file() { return ::open("/dev/null", O_WRONLY | O_CLOEXEC | O_NOFOLLOW) >= 0; }
bool listens_to_processes() { return ::socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC, NETLINK_CONNECTOR) >= 0; }

constexpr Deed kNobodys[] = {{"runs a program", runs_a_program},
                             {"opens a connection", opens_a_connection},
                             {"opens rtnetlink", opens_rtnetlink},
                             {"makes a memory file", makes_a_memory_file},
                             {"unshares", unshares},
                             {"writes through links", writes_through_links}};
// The sanitizers' runtimes need these.
constexpr Deed kNotOurs[] = {{"forks", forks},
                             {"makes a thread", makes_a_thread},
                             {"traces", traces},
                             {"maps executable memory", maps_executable_memory},
                             {"kills another", kills_another}};
constexpr Deed kTheLoops[] = {{"writes a file", writes_a_file}, {"listens to processes", listens_to_processes}};

void expect_all_to_end(const auto& deeds, const SeccompFilter& filter, int fate) {
  for (const Deed& deed : deeds) EXPECT_EQ(fate_of_child(filter, deed.run), fate) << deed.what;
}

class AgentSeccompProcessTest : public testing::TestWithParam<Who> {};
INSTANTIATE_TEST_SUITE_P(Threads, AgentSeccompProcessTest, testing::Values(Who::kLoop, Who::kWorker),
                         [](const auto& each) { return each.param == Who::kLoop ? "Loop" : "Worker"; });

TEST_P(AgentSeccompProcessTest, DiesOfWhatNobodyNeeds) {
  expect_all_to_end(kNobodys, filter_of(GetParam()), SIGSYS);
  if (!kIsSanitized) expect_all_to_end(kNotOurs, filter_of(GetParam()), SIGSYS);
}

TEST_P(AgentSeccompProcessTest, LivesInLogMode) {
  expect_all_to_end(kNobodys, filter_of(GetParam(), SeccompMode::kLog), 0);
  expect_all_to_end(kNotOurs, filter_of(GetParam(), SeccompMode::kLog), 0);
}

TEST_P(AgentSeccompProcessTest, OnlyTheLoopLivesByWhatTheLoopDoes) {
  expect_all_to_end(kTheLoops, filter_of(GetParam()), GetParam() == Who::kLoop ? 0 : SIGSYS);
}

TEST_P(AgentSeccompProcessTest, AbortsBySigabrt) {
  EXPECT_EQ(fate_of_child(filter_of(GetParam()), []() -> bool { std::abort(); }), SIGABRT);
}

// With the C library's message, which takes more than the signal. A sanitizer's heap is another.
TEST_P(AgentSeccompProcessTest, DiesOfABrokenHeapBySigabrt) {
  if (kIsSanitized) return;
  EXPECT_EQ(fate_of_child(filter_of(GetParam()),
                          [] {
                            void* volatile block = std::malloc(100'000);
                            void* volatile again = block;
                            std::free(block);
                            std::free(again);  // NOLINT(clang-analyzer-unix.Malloc): that is the point
                            return true;
                          }),
            SIGABRT);
}

void throws() { throw std::runtime_error("thrown"); }

TEST_P(AgentSeccompProcessTest, DiesOfAnUncaughtExceptionBySigabrt) {
  EXPECT_EQ(fate_of_child(filter_of(GetParam()),
                          []() noexcept {
                            throws();
                            return true;
                          }),
            SIGABRT);
}

TEST_P(AgentSeccompProcessTest, CatchesExceptions) {
  EXPECT_EQ(fate_of_child(filter_of(GetParam()),
                          [] {
                            try {
                              throw std::runtime_error("thrown");
                            } catch (const std::runtime_error&) {
                              return true;
                            }
                          }),
            0);
}

TEST_P(AgentSeccompProcessTest, TakesAndReturnsMuchMemory) {
  EXPECT_EQ(fate_of_child(filter_of(GetParam()),
                          [] {
                            std::vector<std::string> blocks;
                            for (std::size_t size = 1; size <= 64U << 20; size *= 2) blocks.emplace_back(size, 'x');
                            return blocks.back().size() == 64U << 20;
                          }),
            0);
}

TEST_P(AgentSeccompProcessTest, FindsNoClone3) {
  EXPECT_EQ(
      fate_of_child(filter_of(GetParam()), [] { return ::syscall(SYS_clone3, nullptr, 0) == -1 && errno == ENOSYS; }),
      0);
}

Result<void> confine(Who who, SeccompMode mode) {
  return who == Who::kLoop ? confine_loop(mode) : confine_worker(mode);
}

TEST_P(AgentSeccompProcessTest, IsConfinedByOneCall) {
  const SeccompFilter none = {BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)};
  const Who who = GetParam();
  for (const auto& [mode, fate] :
       {std::pair{SeccompMode::kKill, SIGSYS}, std::pair{SeccompMode::kLog, 0}, std::pair{SeccompMode::kOff, 0}}) {
    EXPECT_EQ(fate_of_child(none, [who, wanted = mode] { return confine(who, wanted) && opens_a_connection(); }), fate);
  }
}

// A thread that is there already keeps what it has: each calls for itself.
TEST(AgentSeccompTest, OnlyTheCallingThreadIsConfined) {
  const SeccompFilter none = {BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)};
  EXPECT_EQ(fate_of_child(none,
                          [] {
                            std::atomic<bool> is_confined = false;
                            std::atomic<bool> is_open = false;
                            std::thread other([&] {
                              while (!is_confined) std::this_thread::yield();
                              is_open = opens_a_connection();
                            });
                            is_confined = confine_worker(SeccompMode::kKill).has_value();
                            other.join();
                            return is_open.load();
                          }),
            0);
}

TEST(AgentSeccompTest, AServerThreadThatCannotBeConfinedIsAnErrorAndNoEndOfTheProcess) {
  EXPECT_EQ(fate_of_child(refusing(SYS_seccomp),
                          [] {
                            const auto confined = confine_server_thread(SeccompMode::kKill);
                            return !confined &&
                                   confined.error().message().starts_with("confine a thread of the server: ");
                          }),
            0);
}

}  // namespace
}  // namespace netclsd
