#include "hook/hook.h"

#include <netclsd_version.h>

#include <cerrno>

#include "tests/unit/hook/hook_fixture.h"

namespace netclsd::hook {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST_F(HookTest, RegistersInitWithTheAgentAndIsSilent) {
  host_.set_spec(
      R"("annotations":{"netclsd.io/class":"gold"},"linux":{"cgroupsPath":"/c","resources":{"network":{"classID":5}}})");
  EXPECT_EQ(run(state()), Outcome{});
  ASSERT_EQ(requests_.size(), 1U);
  EXPECT_EQ(requests_[0].method, HttpMethod::kPut);
  EXPECT_EQ(requests_[0].target, "/v1/containers/ab12");
  const RegisterRequest expected{.pid = Pid{4711},
                                 .start_time = StartTime{100},
                                 .bundle = host_.path("bundle"),
                                 .annotations = {{"netclsd.io/class", "gold"}},
                                 .spec_classid = 5,
                                 .cgroups_path = "/c",
                                 .hook_version = kVersion,
                                 .source = RegistrationSource::kHook};
  EXPECT_EQ(*parse_register_request(requests_[0].body), expected);
  EXPECT_TRUE(host_.is_untouched());
}

// A runtime's time namespace is the hook's, and the agent reads other start times than it does.
TEST_F(HookTest, TellsTheStartTimeThatTheAgentReads) {
  host_.set_boot_offset("-3         0");
  EXPECT_EQ(run(state()), Outcome{});
  host_.set_boot_offset("3         7");
  EXPECT_EQ(run(state()), Outcome{});
  ASSERT_EQ(requests_.size(), 2U);
  EXPECT_EQ(parse_register_request(requests_[0].body)->start_time, StartTime{400});
  EXPECT_EQ(parse_register_request(requests_[1].body)->start_time, std::nullopt) << "not to be told";
}

TEST_F(HookTest, AContainerThatAsksForNothingIsTheAgentsToDecide) {
  host_.set_spec();
  answer_ = ApiResponse{200, R"({"managed":false})"};
  EXPECT_EQ(run(state()), Outcome{});
  EXPECT_EQ(requests_.size(), 1U);
}

TEST_F(HookTest, PauseContainersAreNotEvenAskedAbout) {
  host_.set_spec(R"("annotations":{"io.kubernetes.cri.container-type":"sandbox","netclsd.io/classid":"10:1"})");
  EXPECT_EQ(run(state()), Outcome{});
  EXPECT_TRUE(requests_.empty());
}

TEST_F(HookTest, WhatTheAgentCannotKeepIsLeftInTheSpool) {
  answer_ = ApiResponse{201, R"({"managed":true,"not_kept_because":"no space"})"};
  const Outcome outcome = run(state());
  EXPECT_EQ(outcome.exit_status, 0);
  EXPECT_EQ(outcome.line, "netclsd-hook: container ab12: placed, and left in " + options_.spool + ": no space");
  EXPECT_TRUE(host_.has("spool/ab12.json"));
}

TEST_F(HookTest, StoppedContainersAreReleasedWithoutReadingTheBundle) {
  host_.remove("bundle");
  answer_ = ApiResponse{204, ""};
  EXPECT_EQ(run(R"({"id":"ab12","status":"stopped","bundle":"/gone"})"), Outcome{});
  ASSERT_EQ(requests_.size(), 1U);
  EXPECT_EQ(requests_[0].method, HttpMethod::kDelete);
  EXPECT_EQ(requests_[0].target, "/v1/containers/ab12");
}

// gVisor's containers of a pod have one process, which has the class of the first.
TEST_F(HookTest, WhyTheAgentDoesNotManageItIsToldAndNotDenied) {
  options_.on_failure = OnFailure::kDeny;
  answer_ = ApiResponse{200, R"({"managed":false,"not_managed_because":"pid 4711 is the init of container cd34"})"};
  EXPECT_EQ(run(state()), (Outcome{0, "netclsd-hook: container ab12: pid 4711 is the init of container cd34"}));
  EXPECT_FALSE(host_.has("spool"));
}

TEST_F(HookTest, PoststopSucceedsWhateverHappens) {
  options_.stage = Stage::kPoststop;
  options_.on_failure = OnFailure::kDeny;
  agent_is_away();
  EXPECT_EQ(run(state()).exit_status, 0);
  EXPECT_EQ(run("nojson").exit_status, 0);
  EXPECT_EQ(run("").exit_status, 0);
  agent_answers(500);
  EXPECT_EQ(run(state()).exit_status, 0);
  EXPECT_FALSE(host_.has("spool"));
}

TEST_F(HookTest, WithoutTheAgentTheHookPlacesInitAndLeavesTheRegistration) {
  agent_is_away();
  const Outcome outcome = run(state());
  EXPECT_EQ(outcome.exit_status, 0);
  EXPECT_EQ(
      outcome.line,
      "netclsd-hook: container ab12: agent at /s is not reachable: No such file; placed init into 10:1 itself and "
      "left the registration in " +
          options_.spool + "; the container starts");
  EXPECT_EQ(host_.processes_of("netclsd/ab12"), FakeHookHost::kInit);
  EXPECT_EQ(parse_spool_entry(host_.read("spool/ab12.json"))->request.source, RegistrationSource::kSpool);
}

TEST_F(HookTest, ABusyAgentIsAnAgentAway) {
  for (const int status : {500, 503, 429, 408, 302}) {
    agent_answers(status);
    EXPECT_THAT(run(state()).line, HasSubstr("placed init into 10:1 itself")) << status;
  }
}

TEST_F(HookTest, AClassByNameIsOnlySpooledWhenTheAgentIsAway) {
  host_.set_spec(R"("annotations":{"netclsd.io/class":"gold"})");
  agent_is_away();
  EXPECT_THAT(run(state()).line,
              HasSubstr("did not place init itself (class gold is known to the agent alone) and left"));
  EXPECT_TRUE(host_.has("spool/ab12.json"));
  EXPECT_EQ(host_.processes_of("netclsd/ab12"), "");
}

TEST_F(HookTest, ASpoolOutOfReachIsToldInTheSameLine) {
  options_.spool = "/proc/nowhere/spool";
  agent_is_away();
  EXPECT_THAT(run(state()).line, HasSubstr("placed init into 10:1 itself and could not leave the registration in"));
}

TEST_F(HookTest, ARefusalIsNotSpooledAndNothingIsPlaced) {
  for (const int status : {400, 403, 404, 409, 413}) {
    agent_answers(status, "pid 4711 is gone");
    EXPECT_EQ(run(state()).line, "netclsd-hook: container ab12: agent at /s refuses it (" + std::to_string(status) +
                                     "): pid 4711 is gone; the container starts");
    EXPECT_TRUE(host_.is_untouched()) << status;
  }
}

TEST_F(HookTest, DenyTurnsFailuresIntoAnExitStatus) {
  options_.on_failure = OnFailure::kDeny;
  agent_is_away();
  EXPECT_EQ(run(state()).exit_status, 1);
  agent_answers(403);
  EXPECT_EQ(run(state()).exit_status, 1);
  EXPECT_EQ(run("nojson").exit_status, 1);
}

TEST_F(HookTest, ExemptNamespacesStartEvenWithoutABundle) {
  options_.on_failure = OnFailure::kDeny;
  options_.deny_exempt_namespaces = {"kube-system"};
  host_.remove("bundle");
  agent_answers(403);
  EXPECT_EQ(run(state("creating", R"(,"annotations":{"io.kubernetes.pod.namespace":"kube-system"})")).exit_status, 0);
  // A pod under CRI-O cannot say to be of an exempt namespace.
  EXPECT_EQ(run(state("creating", R"(,"annotations":{"io.kubernetes.pod.namespace":"shop",)"
                                  R"("io.kubernetes.cri.sandbox-namespace":"kube-system"})"))
                .exit_status,
            1);
  EXPECT_EQ(run(state()).exit_status, 1);
}

TEST_F(HookTest, WhatIsWrongWithTheContainerIsToldAndNothingIsDone) {
  struct Case {
    std::string config;
    const char* what;
  };
  for (const Case& c : {
           Case{R"({"ociVersion":"1","annotations":{"netclsd.io/classid":"0"}})",
                "annotation netclsd.io/classid: classid"},
           Case{R"({"ociVersion":"1","annotations":{"netclsd.io/classid":"10:1","netclsd.io/class":"gold"}})",
                "contradict each other"},
           Case{"{", "config.json is not JSON"},
           Case{R"({"name":"web"})", "config.json: ociVersion is missing"},
           Case{std::string(17U << 20, ' '), "config.json is larger than 16777216 bytes"},
       }) {
    host_.set_config(c.config);
    EXPECT_THAT(run(state()).line, HasSubstr(c.what));
    EXPECT_TRUE(requests_.empty());
    EXPECT_TRUE(host_.is_untouched());
  }
}

TEST_F(HookTest, APartOfTheTimeIsKeptBackForTheFallback) {
  run(state());
  EXPECT_LE(agent_timeout_, 400ms);
  EXPECT_GT(agent_timeout_, 200ms);
  EXPECT_EQ(reserve_of(500ms), 100ms);
  EXPECT_EQ(reserve_of(100ms), 50ms);
  EXPECT_EQ(reserve_of(5s), 1s);
}

TEST_F(HookTest, TheWatchdogLearnsWhomTheRunIsAbout) {
  run(state("creating", R"(,"annotations":{"io.kubernetes.pod.namespace":"shop"})"));
  EXPECT_EQ(subject_.container, "ab12");
  EXPECT_EQ(subject_.pod_namespace, "shop");
  EXPECT_FALSE(subject_.is_release);
}

}  // namespace
}  // namespace netclsd::hook
