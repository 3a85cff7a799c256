#include "nri/plugin.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <new>
#include <thread>
#include <vector>

#include "tests/unit/hook/fake_host.h"

namespace netclsd::nri {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

constexpr auto kGranted = 2000ms;

class PluginTest : public testing::Test {
 protected:
  PluginTest() { host_.set_mounts("1", "mnt:[1]"); }

  [[nodiscard]] Subject subject(Annotations annotations = {{"netclsd.io/classid", "10:1"}}) const {
    return {.pod = {.id = "pod1", .name = "web-0", .name_space = "shop", .annotations = std::move(annotations)},
            .container = {.id = "ab12",
                          .pod_id = "pod1",
                          .name = "web",
                          .state = 1,
                          .annotations = {},
                          .cgroups_path = "/kubepods/ab12",
                          .pid = Pid{4711}}};
  }
  [[nodiscard]] Result<Reading> read(const Subject& of) const { return read_registration(of, host_.path("proc")); }
  [[nodiscard]] std::string wanted(const Subject& of) const {
    const auto reading = read(of);
    if (!reading) return reading.error().message();
    if (!reading->registration) return "nothing";
    const auto& request = reading->registration->wanted;
    return request ? request->origin : "no class";
  }
  std::optional<std::string> start(const Subject& of) { return plugin_.start(of, Plugin::Clock::now(), kGranted); }

  void agent_is_away() { answer_ = failure(ErrorCode::kUnavailable, "agent at /s is not reachable"); }
  void spool_is_full() { world_.spool = "/proc/self/nowhere"; }

  hook::FakeHookHost host_;
  NriOptions options_;
  Result<ApiResponse> answer_ = ApiResponse{201, "{}"};
  std::vector<ApiRequest> requests_;
  std::vector<std::chrono::milliseconds> timeouts_;
  std::vector<std::string> log_;
  bool is_out_of_memory_ = false;
  hook::PlacingWorld world_{.socket = "/s",
                            .spool = host_.path("spool"),
                            .proc = host_.path("proc"),
                            .ask_agent =
                                [this](const ApiRequest& request, std::chrono::milliseconds timeout) {
                                  requests_.push_back(request);
                                  timeouts_.push_back(timeout);
                                  if (is_out_of_memory_) throw std::bad_alloc();
                                  return answer_;
                                },
                            .mounting = {.hold_if_mounted = [](SteadyTime) { return MountHold(); },
                                         .hold_mounted = [](SteadyTime) { return MountHold(); },
                                         .hold_some_mounted = [](SteadyTime) { return MountHold(); },
                                         .unmount_if_unused = {}}};
  Plugin plugin_{options_, world_, [this](const std::string& line) { log_.push_back(line); }};
};

TEST_F(PluginTest, TheAgentIsToldWhatTheRuntimeSays) {
  EXPECT_EQ(start(subject()), std::nullopt);
  ASSERT_THAT(requests_, SizeIs(1));
  EXPECT_EQ(requests_.front().target, "/v1/containers/ab12");
  const auto request = parse_register_request(requests_.front().body);
  EXPECT_EQ(request->source, RegistrationSource::kNri);
  EXPECT_TRUE(request->init_waits);
  EXPECT_EQ(request->pid, Pid{4711});
  EXPECT_EQ(request->start_time, StartTime{100});
  EXPECT_EQ(request->cgroups_path, "/kubepods/ab12");
  EXPECT_EQ(request->hook_version, "");
  EXPECT_EQ(request->annotations, (Annotations{{"io.kubernetes.cri.container-name", "web"},
                                               {"io.kubernetes.cri.container-type", "container"},
                                               {"io.kubernetes.cri.sandbox-name", "web-0"},
                                               {"io.kubernetes.cri.sandbox-namespace", "shop"},
                                               {"netclsd.io/classid", "10:1"}}));
  EXPECT_THAT(log_, IsEmpty());
}

TEST_F(PluginTest, OneThatRunsIsNotSaidToWait) {
  plugin_.add_running(subject());
  plugin_.register_next();
  ASSERT_THAT(requests_, SizeIs(1));
  EXPECT_FALSE(parse_register_request(requests_.front().body)->init_waits);
}

TEST_F(PluginTest, APodCannotWriteWhoItIs) {
  Annotations lies{{"netclsd.io/classid.web", "10:1"}};
  for (const char* key :
       {"io.kubernetes.cri.sandbox-namespace", "io.kubernetes.pod.namespace", "io.kubernetes.cri.container-name",
        "io.kubernetes.container.name", "io.kubernetes.cri.container-type", "io.kubernetes.cri-o.ContainerType"}) {
    lies[key] = "sandbox";
  }
  const auto reading = read(subject(lies));
  ASSERT_TRUE(reading && reading->registration);
  const auto identity = pod_identity(reading->registration->request.annotations);
  EXPECT_EQ(identity->pod_namespace, "shop");
  EXPECT_EQ(identity->container, "web");
  EXPECT_FALSE(identity->is_sandbox);
  EXPECT_TRUE(reading->registration->is_pod_known);
}

TEST_F(PluginTest, TheContainersOwnAnnotationsAreNearer) {
  Subject of = subject({{"netclsd.io/classid", "10:1"}});
  of.container.annotations = {{"netclsd.io/class", "gold"}};
  EXPECT_EQ(wanted(of), "netclsd.io/class");
  of.pod.annotations["netclsd.io/classid.web"] = "10:2";
  EXPECT_EQ(wanted(of), "netclsd.io/classid.web");
}

TEST_F(PluginTest, WhatIsNoContainerWithAnInitIsLeftAlone) {
  Subject of = subject();
  of.container.pid = Pid{0};
  EXPECT_EQ(wanted(of), "nothing");
  of = subject();
  of.container.state = static_cast<std::uint32_t>(ContainerState::kStopped);
  EXPECT_EQ(wanted(of), "nothing");
  of = subject();
  of.container.id = "pod1";
  EXPECT_EQ(wanted(of), "nothing") << "the pause container";
  of = subject();
  of.container.annotations = {{"io.kubernetes.cri.container-type", "sandbox"}};
  EXPECT_EQ(wanted(of), "nothing") << "as the runtime says";
  EXPECT_EQ(wanted(subject({})), "no class") << "the agent may have a default";
}

TEST_F(PluginTest, AProcessOfTheHostIsNoInit) {
  host_.set_mounts("4711", "mnt:[1]");
  EXPECT_EQ(start(subject()), std::nullopt);
  EXPECT_THAT(requests_, IsEmpty());
  EXPECT_THAT(log_, ElementsAre(HasSubstr("container ab12: pid 4711 (runc:[2:INIT]) is a process of the host")));
}

TEST_F(PluginTest, AnAgentThatIsAwayIsReplacedAndTheContainerStarts) {
  agent_is_away();
  EXPECT_EQ(start(subject()), std::nullopt);
  EXPECT_EQ(host_.processes_of("netclsd/ab12"), "4711");
  EXPECT_EQ(parse_spool_entry(host_.read("spool/ab12.json"))->request.source, RegistrationSource::kSpool);
  EXPECT_FALSE(parse_spool_entry(host_.read("spool/ab12.json"))->request.init_waits);
  EXPECT_THAT(log_, ElementsAre("container ab12: agent at /s is not reachable; placed init into 10:1 itself and left "
                                "the registration in " +
                                world_.spool + "; the container starts"));
  EXPECT_EQ(plugin_.waiting(), 0U) << "the agent looks into the spool";
}

TEST_F(PluginTest, TheAgentHasItsTimeAndHalfOfTheRuntimesAtMost) {
  start(subject());
  EXPECT_GT(timeouts_.back(), 900ms);
  EXPECT_LE(timeouts_.back(), 1000ms);
  static_cast<void>(plugin_.start(subject(), Plugin::Clock::now(), 500ms));
  EXPECT_LE(timeouts_.back(), 250ms);
}

TEST_F(PluginTest, DenyRefusesTheContainerExceptInExemptNamespaces) {
  agent_is_away();
  options_.on_failure = OnFailure::kDeny;
  EXPECT_THAT(start(subject()).value_or(""), HasSubstr("netclsd: agent at /s is not reachable"));
  EXPECT_THAT(log_.back(), HasSubstr("; the container is refused"));
  EXPECT_NE(start(subject({{"netclsd.io/classid", "nonsense"}})), std::nullopt);
  options_.deny_exempt_namespaces = {"sh*"};
  EXPECT_EQ(start(subject()), std::nullopt);
}

TEST_F(PluginTest, ARefusalByTheAgentIsAFailure) {
  answer_ = ApiResponse{403, problem_json(403, "not allowed")};
  EXPECT_EQ(start(subject()), std::nullopt);
  EXPECT_THAT(log_, ElementsAre(HasSubstr("refuses it (403): not allowed; the container starts")));
  EXPECT_FALSE(host_.has("spool"));
}

TEST_F(PluginTest, OfWhatRunsOnlyWhoAsksForAClassIsRegistered) {
  plugin_.add_running(subject({}));
  EXPECT_EQ(plugin_.next_due(), std::nullopt);
  plugin_.add_running(subject());
  plugin_.add_running(subject());
  EXPECT_EQ(plugin_.waiting(), 1U);
  ASSERT_TRUE(plugin_.next_due().has_value());
  EXPECT_LE(*plugin_.next_due(), Plugin::Clock::now());
  plugin_.register_next();
  EXPECT_THAT(requests_, SizeIs(1));
  EXPECT_LE(timeouts_.back(), 500ms) << "another one may want to start meanwhile";
  EXPECT_EQ(plugin_.waiting(), 0U);
}

TEST_F(PluginTest, WhatNeitherAgentNorSpoolTakesIsTriedAgainAndSaidOnce) {
  agent_is_away();
  spool_is_full();
  plugin_.add_running(subject());
  for (int i = 0; i < 3; ++i) plugin_.register_next();
  EXPECT_EQ(plugin_.waiting(), 1U);
  EXPECT_THAT(log_, SizeIs(1));
  EXPECT_GT(*plugin_.next_due(), Plugin::Clock::now());
  EXPECT_LT(*plugin_.next_due(), Plugin::Clock::now() + 1s);
  answer_ = ApiResponse{201, "{}"};
  plugin_.register_next();
  EXPECT_EQ(plugin_.waiting(), 0U);
}

TEST_F(PluginTest, AStartThatNobodyKeepsWaitsLikewise) {
  agent_is_away();
  spool_is_full();
  EXPECT_EQ(start(subject()), std::nullopt);
  EXPECT_EQ(plugin_.waiting(), 1U);
}

TEST_F(PluginTest, AnExceptionIsAFailureLikeOthers) {
  is_out_of_memory_ = true;
  EXPECT_EQ(start(subject()), std::nullopt);
  EXPECT_EQ(plugin_.waiting(), 1U) << "it gets its class later";
  EXPECT_THAT(log_, ElementsAre("container ab12: an exception: std::bad_alloc; the container starts"));
  options_.on_failure = OnFailure::kDeny;
  EXPECT_EQ(start(subject()), "netclsd: an exception: std::bad_alloc");
}

TEST_F(PluginTest, WhoHasEndedIsForgotten) {
  plugin_.add_running(subject());
  host_.set_init_start_time("200");
  plugin_.register_next();
  EXPECT_THAT(requests_, IsEmpty()) << "its pid is another process's";
  host_.remove("proc/4711");
  plugin_.add_running(subject());
  EXPECT_EQ(plugin_.waiting(), 0U);
  EXPECT_THAT(log_, IsEmpty());
}

TEST_F(PluginTest, WhatInheritedAnothersGroupIsLeftToTheAgent) {
  agent_is_away();
  host_.set_init_group("/netclsd/other");
  host_.make_group("netclsd/other", "1\n4711\n");
  EXPECT_EQ(start(subject()), std::nullopt);
  EXPECT_THAT(log_, ElementsAre(HasSubstr("init is placed already, for container other")));
}

}  // namespace
}  // namespace netclsd::nri
