// What the hook makes of the states that runtimes hand to it (docs/adr/0029).
#include "tests/unit/hook/hook_fixture.h"

namespace netclsd::hook {
namespace {

using ::testing::HasSubstr;

class HookStatesTest : public HookTest {};

// As runc restore says it, whose hooks have the state of the container that was.
TEST_F(HookStatesTest, StoppedIsAStartIfTheRuntimeThatCallsHasMadeInit) {
  EXPECT_EQ(run(state("stopped")), Outcome{});
  ASSERT_EQ(requests_.size(), 1U);
  EXPECT_EQ(requests_[0].method, HttpMethod::kPut);
  EXPECT_FALSE(subject_.is_release);
}

TEST_F(HookStatesTest, StoppedWithANumberThatIsAnothersByNowIsTheEnd) {
  host_.set_process(FakeHookHost::kInit, 4711, 1);
  answer_ = ApiResponse{204, ""};
  EXPECT_EQ(
      run(state("stopped")).line,
      "netclsd-hook: container ab12: its state is stopped, and pid 4711 was not made by who called the hook: taken "
      "for the container's end");
  ASSERT_EQ(requests_.size(), 1U);
  EXPECT_EQ(requests_[0].method, HttpMethod::kDelete);
}

// gVisor's and Kata's states at the end, and what else runtimes may say.
TEST_F(HookStatesTest, PoststopNeedsAnIdAlone) {
  options_.stage = Stage::kPoststop;
  answer_ = ApiResponse{204, ""};
  for (const char* state : {R"({"id":"ab12"})", R"({"id":"ab12","status":"stopped","pid":-1})",
                            R"({"id":"ab12","status":"","pid":4711,"bundle":""})",
                            R"({"id":"ab12","pid":"none","annotations":{"netclsd.io/class":1}})"}) {
    requests_.clear();
    EXPECT_EQ(run(state), Outcome{}) << state;
    ASSERT_EQ(requests_.size(), 1U) << state;
    EXPECT_EQ(requests_[0].method, HttpMethod::kDelete);
    EXPECT_EQ(requests_[0].target, "/v1/containers/ab12");
  }
}

// gVisor's, called without a stage.
TEST_F(HookStatesTest, ANegativePidIsNone) {
  answer_ = ApiResponse{204, ""};
  EXPECT_EQ(run(R"({"id":"ab12","status":"stopped","pid":-1,"bundle":"/b"})"), Outcome{});
  EXPECT_EQ(requests_[0].method, HttpMethod::kDelete);
}

// Kata's hooks get no status, and a thread of the shim as the pid. The shim lives where the hook does.
TEST_F(HookStatesTest, AContainerInAVirtualMachineIsToldAndNotAskedAboutAndNeverDenied) {
  options_.on_failure = OnFailure::kDeny;
  host_.set_spec(R"("annotations":{"netclsd.io/classid":"10:1"},"linux":{"namespaces":[{"type":"mount"}]})");
  host_.set_mounts(FakeHookHost::kInit, "mnt:[1]");
  for (const char* status : {"", "created"}) {
    const Outcome outcome = run(state(status));
    EXPECT_EQ(outcome.exit_status, 0);
    EXPECT_EQ(
        outcome.line,
        "netclsd-hook: container ab12: pid 4711 (runc:[2:INIT]) is a process of the host and none of the container, "
        "which its runtime keeps in a virtual machine or sandbox: there is nothing to place");
  }
  EXPECT_TRUE(requests_.empty());
  EXPECT_TRUE(host_.is_untouched());
}

TEST_F(HookStatesTest, AContainerWithTheHostsMountsIsRegistered) {
  host_.set_mounts(FakeHookHost::kInit, "mnt:[1]");
  EXPECT_EQ(run(state()), Outcome{}) << "its spec asks for no mount namespace";
  EXPECT_EQ(requests_.size(), 1U);
}

TEST_F(HookStatesTest, BadStatesAreToldAndNothingIsDone) {
  for (const std::string text :
       {"", "nojson", "{}", R"({"id":"../a","status":"creating"})", R"({"id":"ab12","status":"paused"})",
        R"({"id":"ab12"})", R"({"id":"ab12","status":"creating"})",
        R"({"id":"ab12","status":"creating","bundle":"/none"})"}) {
    const Outcome outcome = run(text);
    EXPECT_EQ(outcome.exit_status, 0) << text;
    EXPECT_THAT(outcome.line, HasSubstr("; the container starts")) << text;
    EXPECT_TRUE(requests_.empty());
  }
  EXPECT_THAT(run(std::string(17U << 20, 'x')).line, HasSubstr("larger than 16777216 bytes"));
}

// crun with a user namespace calls "/" the bundle, where a file of the host may lie.
TEST_F(HookStatesTest, AConfigurationThatIsAnothersIsNotBelieved) {
  const std::string told = R"(,"annotations":{"io.container.manager":"libpod","netclsd.io/classid":"10:1"})";
  struct Case {
    const char* config;
    const char* why;
  };
  for (const Case& c : {
           Case{R"({"ociVersion":"1","annotations":{"netclsd.io/classid":"10:7"}})",
                "config.json is not this container's: the state has another annotation netclsd.io/classid"},
           Case{R"({"ociVersion":"1","linux":{"resources":{"network":{"classID":7}}}})",
                "config.json is not this container's: the state has another annotation netclsd.io/classid"},
           Case{R"({"name":"web"})", "config.json: ociVersion is missing"},
           Case{"no JSON", "config.json is not JSON"},
       }) {
    requests_.clear();
    host_.set_config(c.config);
    const Outcome outcome = run(state("created", told));
    EXPECT_EQ(outcome.exit_status, 0);
    EXPECT_THAT(outcome.line, HasSubstr("goes by the state's annotations alone: "));
    EXPECT_THAT(outcome.line, HasSubstr(c.why));
    ASSERT_EQ(requests_.size(), 1U) << c.config;
    const auto request = parse_register_request(requests_[0].body);
    EXPECT_EQ(request->annotations, (Annotations{{"netclsd.io/classid", "10:1"}}));
    EXPECT_EQ(request->spec_classid, std::nullopt);
  }
}

TEST_F(HookStatesTest, WithoutAConfigurationTheStatesAnnotationsAreEnoughEvenUnderDeny) {
  options_.on_failure = OnFailure::kDeny;
  host_.remove("bundle");
  const Outcome outcome = run(state("created", R"(,"annotations":{"netclsd.io/classid":"10:1"})"));
  EXPECT_EQ(outcome.exit_status, 0);
  EXPECT_THAT(outcome.line, HasSubstr("No such file or directory"));
  EXPECT_EQ(requests_.size(), 1U);
}

TEST_F(HookStatesTest, AFailureIsToldTogetherWithWhatWasNotBelieved) {
  host_.set_config("{}");
  agent_answers(403, "no");
  EXPECT_EQ(run(state("created", R"(,"annotations":{"netclsd.io/classid":"10:1"})")).line,
            "netclsd-hook: container ab12: goes by the state's annotations alone: config.json: ociVersion is missing; "
            "agent at /s refuses it (403): no; the container starts");
}

// The agent reads a request of a mebibyte: a larger one would be a way out of the default class.
TEST_F(HookStatesTest, APodCannotMakeItsRegistrationTooLarge) {
  const std::string control_characters = [] {
    std::string text;
    for (int i = 0; i < 250'000; ++i) text += R"(\u0001)";
    return text;
  }();
  for (const std::string key : {"netclsd.io/other", "netclsd.io/classid.other", "netclsd.io/class",
                                "io.kubernetes.pod.name", "netclsd.io/service-account", "example.com/any"}) {
    requests_.clear();
    host_.set_spec(R"("annotations":{")" + key + R"(":")" + control_characters + "\"}");
    run(state());
    ASSERT_EQ(requests_.size(), 1U) << key;
    EXPECT_LT(requests_[0].body.size(), 10'000U) << key;
  }
}

TEST_F(HookStatesTest, AMissingOrDeadInitIsToldAndNotAskedAbout) {
  host_.remove("proc/4711");
  EXPECT_THAT(run(state()).line, HasSubstr("init, pid 4711, is gone"));
  EXPECT_THAT(run(R"({"id":"ab12","status":"creating","bundle":")" + host_.path("bundle") + "\"}").line,
              HasSubstr("OCI state has no pid"));
  EXPECT_TRUE(requests_.empty());
  EXPECT_TRUE(host_.is_untouched());
}

}  // namespace
}  // namespace netclsd::hook
