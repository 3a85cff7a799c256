#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cli/doctor/checks.h"
#include "tests/unit/cli/doctor/answer.h"

namespace netclsd::cli {
namespace {

using ::testing::HasSubstr;

constexpr const char* kCarryIsWanted = R"({"carry_wanted":{"to":["mark"],"by_map":false}})";

Finding kernel(const std::string& release, HostFacts facts = {}) {
  facts.kernel_release = release;
  return judge_kernel(facts);
}

TEST(DoctorKernelTest, KernelsThatBreakCgroup2MatchingAreWarnedAbout) {
  for (const char* release : {"6.1.0-18-amd64", "5.15.0", "5.15", "5.10.226", "5.10.230-cloud", "6.18.44-fc-v657"}) {
    EXPECT_EQ(kernel(release).state, State::kOk) << release;
  }
  for (const char* release : {"5.10.0-28-amd64", "5.10.225", "5.14.21-default", "5.11.300", "4.19.0", "", "unknown"}) {
    EXPECT_EQ(kernel(release).state, State::kWarn) << release;
    EXPECT_NE(kernel(release).mend, "") << release;
  }
}

TEST(DoctorKernelTest, AKernelThatCannotCarryFailsWhereTheClassIsToBeCarried) {
  for (const char* release : {"5.9.16", "4.19.0-27-amd64"}) {
    EXPECT_EQ(kernel(release).state, State::kWarn) << release;
    const Finding carrying = kernel(release, with_status(kCarryIsWanted));
    EXPECT_EQ(carrying.state, State::kFail) << release;
    EXPECT_THAT(carrying.message, HasSubstr("before Linux 5.10"));
    EXPECT_THAT(carrying.mend, HasSubstr("take carry out"));
    EXPECT_EQ(kernel(release, with_status(R"({"carry":{"state":"ok"}})")).state, State::kFail) << "by an older agent";
  }
  EXPECT_EQ(kernel("5.10.0", with_status(kCarryIsWanted)).state, State::kWarn) << "it can, and breaks matching";
  EXPECT_EQ(kernel("5.10.226", with_status(kCarryIsWanted)).state, State::kOk);
}

Finding options(KernelConfig config, const std::string& release, HostFacts facts = {}) {
  facts.kernel_config = std::move(config);
  facts.kernel_release = release;
  return judge_kernel_options(facts);
}

const KernelConfig kForTheAgent = {{"CGROUP_NET_CLASSID", 'y'}, {"CONNECTOR", 'y'}, {"PROC_EVENTS", 'y'}};

KernelConfig with(KernelConfig config, const std::string& name, char value) {
  config.insert_or_assign(name, value);
  return config;
}

TEST(DoctorKernelTest, MissingOptionsAreNamed) {
  EXPECT_EQ(options(kForTheAgent, "6.18.0").message, "all 3 that are needed are on");
  for (const auto& [name, value] : kForTheAgent) {
    KernelConfig without = kForTheAgent;
    without.erase(name);
    const Finding finding = options(without, "6.18.0");
    EXPECT_EQ(finding.state, State::kFail) << name;
    EXPECT_THAT(finding.mend, testing::EndsWith("CONFIG_" + name + "=y"));
    EXPECT_EQ(options(with(kForTheAgent, name, 'm'), "6.18.0").state, State::kFail) << name << " as a module";
  }
}

// Since 7.2 iptables' match is built without the controller.
TEST(DoctorKernelTest, TheMatchOfIptablesIsNoSignOfTheController) {
  EXPECT_EQ(options({{"NETFILTER_XT_MATCH_CGROUP", 'y'}, {"CONNECTOR", 'y'}, {"PROC_EVENTS", 'y'}}, "7.2.0").state,
            State::kFail);
}

TEST(DoctorKernelTest, WhatTheCarrierNeedsDependsOnTheKernel) {
  const HostFacts carrying = with_status(kCarryIsWanted);
  EXPECT_THAT(options(kForTheAgent, "6.18.0", carrying).mend, testing::EndsWith("CONFIG_BPF_SYSCALL=y"));
  const KernelConfig with_bpf = with(kForTheAgent, "BPF_SYSCALL", 'y');
  EXPECT_EQ(options(with_bpf, "6.6.0", carrying).message, "all 4 that are needed are on");
  EXPECT_THAT(options(with_bpf, "6.5.0", carrying).mend,
              HasSubstr("CONFIG_NET_CLS_ACT=y, CONFIG_NET_CLS_BPF=y (or m), CONFIG_NET_SCH_INGRESS=y (or m)"));
  const KernelConfig old = with(with(with(with_bpf, "NET_CLS_ACT", 'y'), "NET_CLS_BPF", 'm'), "NET_SCH_INGRESS", 'm');
  EXPECT_EQ(options(old, "6.1.0", carrying).state, State::kOk);
}

TEST(DoctorKernelTest, OptionsThatCannotBeReadAreNotKnown) {
  HostFacts facts;
  facts.kernel_config = failure(ErrorCode::kNotFound, "neither can be read");
  EXPECT_EQ(judge_kernel_options(facts).state, State::kOk);
  EXPECT_EQ(judge_kernel_options(facts).message, "not known: neither can be read");
}

TEST(DoctorKernelTest, TheProcessConnectorMustBeListed) {
  HostFacts facts;
  facts.connectors = "Name            ID\ncn_proc         1:1\n";
  EXPECT_EQ(judge_process_events(facts).state, State::kOk);
  facts.connectors = "Name            ID\ncn_proc_other   1:1\n";
  EXPECT_EQ(judge_process_events(facts).state, State::kFail);
  facts.connectors = "";
  EXPECT_EQ(judge_process_events(facts).state, State::kFail);
  EXPECT_THAT(judge_process_events(facts).mend, HasSubstr("CONFIG_CONNECTOR=y"));
  EXPECT_THAT(judge_process_events(facts).mend, HasSubstr("CONFIG_PROC_EVENTS=y"));
}

TEST(DoctorKernelTest, TheControllerMustBeThereAndMountable) {
  HostFacts facts;
  facts.controllers = "#subsys_name\thierarchy\tnum_cgroups\tenabled\nnet_cls\t0\t1\t1\n";
  facts.boot_parameters = "quiet";
  EXPECT_EQ(judge_net_cls(facts).state, State::kOk);
  facts.boot_parameters = "quiet cgroup_no_v1=all";
  EXPECT_EQ(judge_net_cls(facts).state, State::kFail);
  EXPECT_THAT(judge_net_cls(facts).message, HasSubstr("cgroup_no_v1=all forbids to mount net_cls"));
  EXPECT_THAT(judge_net_cls(facts).mend, HasSubstr("boot again"));
  facts.controllers = "";
  EXPECT_EQ(judge_net_cls(facts).state, State::kFail);
  EXPECT_THAT(judge_net_cls(facts).mend, HasSubstr("CONFIG_CGROUP_NET_CLASSID=y"));
}

TEST(DoctorKernelTest, FavordynmodsIsWarnedAbout) {
  HostFacts facts;
  facts.kernel_release = "7.2.13";
  EXPECT_EQ(judge_favordynmods(facts).state, State::kOk);
  facts.hosts_mountinfo = "41 31 0:38 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw,favordynmods\n";
  EXPECT_EQ(judge_favordynmods(facts).state, State::kWarn);
  EXPECT_THAT(judge_favordynmods(facts).message, HasSubstr("/sys/fs/cgroup"));
  EXPECT_EQ(judge_favordynmods(facts).mend, "mount cgroups without that option, and boot again");
  facts.kernel_release = "6.12.1";
  EXPECT_EQ(judge_favordynmods(facts).state, State::kOk);
}

}  // namespace
}  // namespace netclsd::cli
