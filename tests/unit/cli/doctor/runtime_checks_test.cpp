#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cli/doctor/checks.h"
#include "tests/unit/cli/doctor/answer.h"

namespace netclsd::cli {
namespace {

using ::testing::HasSubstr;

TEST(DoctorRuntimesTest, WhatTheHooksInstallationReportedIsTold) {
  const auto runtimes = [](const char* status) { return judge_runtimes(with_status(status)); };
  EXPECT_EQ(judge_runtimes(without_agent()).state, State::kWarn);
  EXPECT_EQ(runtimes(R"({"hook":null})").state, State::kOk);
  EXPECT_EQ(runtimes(R"({"hook":{"state":"ok","message":"all call it","runtimes":[]}})").message,
            "hook ok: all call it");
  EXPECT_EQ(runtimes(R"({"hook":{"state":"disabled","message":"not wanted"}})").state, State::kOk);
  EXPECT_EQ(runtimes(R"({"hook":{"state":"failed","message":"read-only"}})").state, State::kFail);
  const Finding degraded = runtimes(R"({"hook":{"state":"degraded","message":"not all call it","runtimes":[
      {"runtime":"podman","state":"ok","message":"fine"},
      {"runtime":"crio","state":"missing","message":"not in hooks_dir"}, 7]}})");
  EXPECT_EQ(degraded.state, State::kWarn);
  EXPECT_EQ(degraded.message, "hook degraded: not all call it; crio: missing, not in hooks_dir");
  EXPECT_EQ(runtimes(R"({"hook":7})").state, State::kOk) << "of another shape";
}

TEST(DoctorRuntimesTest, TellsWhetherTheNriPluginIsConnected) {
  const auto nri = [](const char* status, bool has_socket) {
    HostFacts facts = with_status(status);
    facts.has_nri_socket = has_socket;
    return judge_nri(facts);
  };
  EXPECT_EQ(judge_nri(without_agent()).state, State::kWarn);
  EXPECT_EQ(nri(R"({"nri":null})", false).message, "no runtime offers it");
  EXPECT_EQ(nri(R"({"nri":null})", true).message, "a runtime offers it, and no plugin of ours is there");
  const Finding connected =
      nri(R"({"nri":{"state":"connected","runtime":"containerd 2.1.9","version":"0.1.0"}})", true);
  EXPECT_EQ(connected.state, State::kOk);
  EXPECT_EQ(connected.message, "the plugin (0.1.0) is connected, containerd 2.1.9");
  const Finding gone = nri(R"({"nri":{"state":"gone","message":"the plugin does not run"}})", true);
  EXPECT_EQ(gone.state, State::kWarn);
  EXPECT_EQ(gone.message, "the plugin is gone: the plugin does not run");
  const Finding hooked = nri(R"({"nri":{"state":"disconnected","message":"no socket"},"hook":{"state":"ok"}})", false);
  EXPECT_EQ(hooked.state, State::kOk);
  EXPECT_EQ(hooked.message, "the plugin is disconnected: no socket; the hook is called instead");
  EXPECT_EQ(nri(R"({"nri":{"state":"gone"},"hook":{"state":"degraded"}})", false).state, State::kWarn);
}

HostFacts with_containerd(ContainerdAnnotations containerd, const char* status = "{}") {
  HostFacts facts = with_status(status);
  containerd.config_path = "/etc/containerd/config.toml";
  facts.containerds = {std::move(containerd)};
  return facts;
}

TEST(DoctorRuntimesTest, AContainerdThatCallsTheHookAndKeepsTheAnnotationsIsWarnedAbout) {
  EXPECT_THAT(judge_annotations({}).message, HasSubstr("no containerd runs here"));
  EXPECT_EQ(judge_annotations(with_containerd({})).message, "containerd passes netclsd.io/* to the hook");
  const ContainerdAnnotations keeping{.calls_hook = true, .handlers_without = {"runc"}};
  const Finding kept = judge_annotations(with_containerd(keeping));
  EXPECT_EQ(kept.state, State::kWarn);
  EXPECT_THAT(kept.message, HasSubstr("(/etc/containerd/config.toml): handler runc calls the hook"));
  EXPECT_THAT(kept.mend, HasSubstr("pod_annotations = [\"netclsd.io/*\"]"));
  EXPECT_EQ(judge_annotations(with_containerd({.handlers_without = {"runc"}})).state, State::kOk)
      << "it calls no hook of ours";
  EXPECT_EQ(judge_annotations(with_containerd(keeping, R"({"nri":{"state":"connected"}})")).state, State::kOk);
  const Finding unknown = judge_annotations(with_containerd({.unreadable_because = "line 3: no value"}));
  EXPECT_EQ(unknown.state, State::kWarn);
  EXPECT_EQ(unknown.message, "not known: line 3: no value");
}

HostFacts asking(AskingContainers asking, const std::string& known = R"([{"id":"a"},{"id":"b","pid":7},7])") {
  HostFacts facts = with_containers(known);
  facts.asking = std::move(asking);
  return facts;
}

TEST(DoctorRuntimesTest, ContainersThatAskAndAreNotRegisteredAreNamed) {
  EXPECT_EQ(judge_containers(without_agent()).state, State::kWarn);
  EXPECT_EQ(judge_containers(asking({})).state, State::kOk);
  EXPECT_EQ(judge_containers(asking({.found = {{"a", "shop/a"}}})).message,
            "1 that ask for a class by an annotation in their bundle, and the agent knows all of them");
  const Finding one = judge_containers(asking({.found = {{"a", "shop/a"}, {"c", "shop/c (pid 8)\x1b"}}}));
  EXPECT_EQ(one.state, State::kWarn);
  EXPECT_EQ(one.message, "1 of 2 that ask for a class by an annotation are not registered: shop/c (pid 8)?");
  EXPECT_THAT(one.mend, HasSubstr("netclsctl explain PID"));
  AskingContainers many{.found = {}, .is_complete = false};
  for (int i = 0; i < 7; ++i) many.found.push_back({"x" + std::to_string(i), "n" + std::to_string(i)});
  EXPECT_THAT(judge_containers(asking(many, "7")).message,
              HasSubstr("7 of 7 that ask for a class by an annotation (of the first 20000 bundles) are not registered: "
                        "n0, n1, n2, n3, n4 and 2 more"));
}

TEST(DoctorRuntimesTest, HooksInstallation) {
  const auto hook = [](Result<HookStatus> status) {
    HostFacts facts;
    facts.hook = std::move(status);
    return judge_hook(facts);
  };
  EXPECT_EQ(hook(HookStatus{}).state, State::kOk);
  EXPECT_EQ(hook(HookStatus{.directory = "/opt/x", .version = "1"}).message, "version 1 in /opt/x");
  const Finding broken = hook(HookStatus{.directory = "/opt/x", .version = "1", .problems = {"link is missing"}});
  EXPECT_EQ(broken.state, State::kWarn);
  EXPECT_EQ(broken.message, "link is missing");
  EXPECT_THAT(broken.mend, HasSubstr("netclsctl hook status"));
  EXPECT_EQ(hook(failure(ErrorCode::kInvalid, "manifest.json is not JSON")).state, State::kWarn);
}

}  // namespace
}  // namespace netclsd::cli
