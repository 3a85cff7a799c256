#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cli/doctor/checks.h"

namespace netclsd::cli {
namespace {

using ::testing::HasSubstr;

constexpr const char* kControllers = "#subsys_name\thierarchy\tnum_cgroups\tenabled\nnet_cls\t0\t1\t1\n";

TEST(DoctorHostTest, RootIsAsked) {
  EXPECT_EQ(judge_root({.is_root = true}).state, State::kOk);
  EXPECT_EQ(judge_root({.is_root = false}).state, State::kWarn);
}

Finding hierarchy(const std::string& mountinfo, const std::string& controllers = kControllers) {
  return judge_hierarchy({.controllers = controllers, .mountinfo = mountinfo});
}

TEST(DoctorHostTest, AMountBelowSysFsCgroupIsWarnedAbout) {
  EXPECT_EQ(hierarchy("").state, State::kOk);
  EXPECT_EQ(hierarchy("", "").state, State::kFail) << "the kernel cannot mount it";
  EXPECT_EQ(hierarchy("1 2 0:4 / /run/netclsd/net_cls rw - cgroup cgroup rw,net_cls\n").message,
            "at /run/netclsd/net_cls");
  EXPECT_EQ(hierarchy("1 2 0:4 / /sys/fs/cgroup/net_cls rw - cgroup cgroup rw,net_cls\n").state, State::kWarn);
}

TEST(DoctorHostTest, ControllersThatShareTheHierarchyFail) {
  const Finding shared = hierarchy("1 2 0:4 / /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu,net_cls\n");
  EXPECT_EQ(shared.state, State::kFail);
  EXPECT_THAT(shared.message, HasSubstr("together with cpu at /sys/fs/cgroup/cpu"));
  EXPECT_THAT(shared.message, HasSubstr("lose the limits"));
  EXPECT_THAT(shared.message, HasSubstr("neither agent nor hook"));
  EXPECT_EQ(shared.mend, "mount net_cls by itself");
}

Finding first_line(const std::string& init_cgroup, const MisledPrograms& misled) {
  return judge_first_line({.init_cgroup = init_cgroup, .misled = misled});
}

TEST(DoctorHostTest, WhoIsMisledByTheFirstLineIsNamed) {
  const MisledPrograms some{.count = 7, .examples = {"node (pid 12)", "java (pid 13)"}};
  const Finding before = first_line("0::/init.scope\n", some);
  EXPECT_EQ(before.state, State::kOk);
  EXPECT_THAT(before.message, HasSubstr("7 running, such as node (pid 12), java (pid 13)"));
  const Finding now = first_line("1:net_cls:/\n0::/init.scope\n", some);
  EXPECT_EQ(now.state, State::kWarn);
  EXPECT_THAT(now.message, HasSubstr("net_cls is mounted"));
  EXPECT_THAT(now.mend, HasSubstr("--max-old-space-size"));
  EXPECT_EQ(first_line("1:net_cls,net_prio:/\n0::/\n", {}).state, State::kOk);
  EXPECT_EQ(first_line("2:memory:/\n1:net_cls:/\n0::/\n", some).state, State::kOk) << "a hybrid host";
}

TEST(DoctorHostTest, AProcThatHidesProcessesFails) {
  const auto proc = [](const std::string& mountinfo) { return judge_proc({.mountinfo = mountinfo}); };
  EXPECT_EQ(proc("").state, State::kOk);
  EXPECT_EQ(proc("1 2 0:4 / /proc rw - proc proc rw,hidepid=invisible\n").state, State::kOk);
  const Finding hiding = proc("1 2 0:4 / /proc rw - proc proc rw,hidepid=invisible,gid=7\n");
  EXPECT_EQ(hiding.state, State::kFail);
  EXPECT_THAT(hiding.message, HasSubstr("hidepid=invisible,gid=7"));
}

TEST(DoctorHostTest, ATimeNamespaceIsWarnedAbout) {
  const auto time = [](const std::string& link) { return judge_time_namespace({.time_namespace = link}); };
  EXPECT_EQ(time("time:[4026531834]").state, State::kOk);
  EXPECT_EQ(time("").state, State::kOk) << "before Linux 5.6";
  EXPECT_EQ(time("time:[4026532208]").state, State::kWarn);
  EXPECT_THAT(time("time:[4026532208]").message, HasSubstr("time:[4026532208]"));
}

const ProcessPlace kInHosts{
    .user_namespace = "user:[4026531837]", .pid_namespace = "pid:[4026531836]", .connectors = "cn_proc 1:1"};

Finding namespaces(const ProcessPlace& own, const std::optional<ProcessPlace>& agents) {
  return judge_namespaces({.own_place = own, .agents_place = agents});
}

TEST(DoctorHostTest, NamespacesThatAreNotTheHostsAreNamed) {
  EXPECT_EQ(namespaces(kInHosts, kInHosts).message, "netclsctl and the agent are in the host's");
  EXPECT_THAT(namespaces(kInHosts, std::nullopt).message, HasSubstr("the agent's process is not known"));
  ProcessPlace elsewhere = kInHosts;
  elsewhere.pid_namespace = "pid:[4026532208]";
  EXPECT_EQ(namespaces(elsewhere, std::nullopt).state, State::kWarn);
  EXPECT_THAT(namespaces(elsewhere, std::nullopt).message, HasSubstr("host's namespaces (pid)"));
  elsewhere.user_namespace = "user:[4026532209]";
  elsewhere.connectors = "";
  const Finding agents = namespaces(kInHosts, elsewhere);
  EXPECT_EQ(agents.state, State::kFail);
  EXPECT_EQ(agents.message, "the agent is not in the host's namespaces: pid, user, network");
  EXPECT_THAT(agents.mend, HasSubstr("hostNetwork and hostPID"));
}

TEST(DoctorHostTest, NamespacesThatCannotBeReadAreNotHeldAgainstAnybody) {
  EXPECT_EQ(namespaces({}, ProcessPlace{}).state, State::kOk) << "nor is a kernel without the connector";
}

TEST(DoctorHostTest, ACgrulesengdThatMovesProcessesOfNetClsIsWarnedAbout) {
  const auto daemon = [](const char* rules) { return judge_rules_daemon({.rules_daemon = "4711", .rules = rules}); };
  EXPECT_EQ(judge_rules_daemon({.rules = "*  net_cls  all/"}).state, State::kOk);
  for (const char* rules : {"", "alice memory,cpu  students/\n", "# *  net_cls  all/\n", "alice\n", "net_cls\n"}) {
    EXPECT_EQ(daemon(rules).state, State::kOk) << rules;
  }
  for (const char* rules : {"memory\n\n*:sshd\tcpu,net_cls\tall/", "@staff  *  staff/\n", "a cpu x/\n% net_cls x/"}) {
    EXPECT_EQ(daemon(rules).state, State::kWarn) << rules;
    EXPECT_THAT(daemon(rules).message, HasSubstr("pid 4711"));
    EXPECT_THAT(daemon(rules).mend, HasSubstr("take net_cls out of its rule"));
  }
}

}  // namespace
}  // namespace netclsd::cli
