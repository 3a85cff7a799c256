#include "agent/containers/refusals.h"

#include "tests/unit/agent/engine/engine_fixture.h"

namespace netclsd {
namespace {

ClassId id(std::string_view text) { return ClassId::parse(text).value(); }
ClassIdRange range(std::string_view text) { return ClassIdRange::parse(text).value(); }

class RefusalsTest : public EngineFixture {
 protected:
  RefusalsTest() { set_policy({}); }

  // The namespace shop may have 10:1 to 10:f, of which 10:8 and above are for one namespace at a time; bank 10:8, too.
  void set_policy(PodPolicy changed) {
    changed.rules = {{.name = "shop", .namespaces = {"shop"}, .allowed = {range("10:1-10:f")}},
                     {.name = "bank", .namespaces = {"bank*"}, .allowed = {range("10:8")}}};
    changed.exclusive = {range("10:8-10:f")};
    engine_->set_policy({.classes = {}, .default_class = id("99:1"), .allowed = {}, .pods = std::move(changed)});
  }

  Result<RegistrationAnswer> ask(const std::string& container, Pid init, const std::string& name_space,
                                 const std::string& classid) {
    RegisterRequest request = request_of(init, name_space, classid);
    auto answer = engine_->register_container(*ContainerId::parse(container), request);
    work();
    return answer;
  }

  static RegisterRequest request_of(Pid init, const std::string& name_space, const std::string& classid) {
    RegisterRequest request;
    request.pid = init;
    request.annotations = {{kClassIdAnnotation, classid},
                           {"io.kubernetes.cri.container-type", "container"},
                           {"io.kubernetes.cri.sandbox-namespace", name_space},
                           {"io.kubernetes.cri.sandbox-name", "pod-of-" + name_space}};
    return request;
  }

  // As the hook does without the agent.
  void place_by_hook(const std::string& container, Pid init, std::uint32_t raw) {
    world_.set_group_by_hand("netclsd", 0);
    world_.set_group_by_hand("netclsd/" + container, raw);
    world_.move_by_hand(init, "netclsd/" + container);
  }

  void leave_in_spool(const std::string& container, Pid init, const std::string& name_space,
                      const std::string& classid) {
    RegisterRequest request = request_of(init, name_space, classid);
    request.start_time = world_.process(init).start_time;
    world_.leave_in_spool({.id = *ContainerId::parse(container), .request = request});
    engine_->on_second();
    work();
  }

  [[nodiscard]] std::uint64_t count(RefusalReason reason) { return counters_.policy_refusals[reason].value(); }
};

TEST_F(RefusalsTest, WhoIsRefusedIsNotRegisteredAndToldWhichRuleDecided) {
  const Pid init = make_init("c1");
  const auto answer = ask("c1", init, "shop", "20:1");
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code(), ErrorCode::kForbidden);
  EXPECT_EQ(answer.error().message(), "netclsd.io/classid asks for classid 20:1, which rule \"shop\" does not allow");
  EXPECT_EQ(group_of(init), "/");
  EXPECT_EQ(count(RefusalReason::kNotAllowed), 1U);
  ASSERT_EQ(world_.refusals.size(), 1U);
  EXPECT_EQ(world_.refusals[0].pod.pod, "pod-of-shop");
  EXPECT_EQ(world_.refusals[0].refusal.rule, "shop");
}

TEST_F(RefusalsTest, TheViewNamesTheRuleAndThePod) {
  const auto answer = ask("c1", make_init("c1"), "shop", "10:1");
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->view->verdict.rule, "shop");
  EXPECT_EQ(answer->view->verdict.pod_namespace, "shop");
  EXPECT_EQ(answer->view->verdict.pod, "pod-of-shop");
  EXPECT_EQ(engine_->views().explain(answer->view->pid)->verdict.rule, "shop");
}

TEST_F(RefusalsTest, ALieAboutThePodIsRefusedAndCounted) {
  const Pid init = make_init("c1");
  RegisterRequest request = request_of(init, "shop", "10:1");
  request.annotations["io.kubernetes.pod.namespace"] = "bank";
  EXPECT_EQ(engine_->register_container(*ContainerId::parse("c1"), request).error().code(), ErrorCode::kForbidden);
  EXPECT_EQ(count(RefusalReason::kIdentity), 1U);
}

TEST_F(RefusalsTest, SayingToBeAPauseContainerEscapesNoDefaultClass) {
  RegisterRequest request;
  request.pid = make_init("c1");
  request.annotations = {{"io.kubernetes.cri-o.ContainerType", "container"},
                         {"io.kubernetes.cri.container-type", "sandbox"}};
  EXPECT_FALSE(engine_->register_container(*ContainerId::parse("c1"), request));
  set_policy({.rules = {}, .on_refusal = OnRefusal::kDefaultClass});
  const auto answer = engine_->register_container(*ContainerId::parse("c1"), request);
  ASSERT_TRUE(answer && answer->view);
  EXPECT_EQ(answer->view->choice.classid, id("99:1"));
}

TEST_F(RefusalsTest, WhereTheDefaultClassIsWantedTheRefusedGetItAndItIsSaidWhy) {
  set_policy({.rules = {}, .on_refusal = OnRefusal::kDefaultClass});
  const Pid init = make_init("c1");
  const auto answer = ask("c1", init, "elsewhere", "10:1");
  ASSERT_TRUE(answer && answer->view);
  EXPECT_EQ(answer->view->choice.classid, id("99:1"));
  EXPECT_EQ(answer->view->choice.origin, "default_class");
  EXPECT_EQ(answer->view->verdict.refused_because,
            "netclsd.io/classid asks for classid 10:1, and no rule of the policy is for this pod");
  EXPECT_EQ(group_of(init), "/netclsd/c1");
  EXPECT_EQ(count(RefusalReason::kNoRule), 1U);
  EXPECT_TRUE(world_.refusals[0].has_default_class);
}

TEST_F(RefusalsTest, AnExclusiveClassidIsForOneNamespaceAtATime) {
  const Pid shop = make_init("c1");
  ASSERT_TRUE(ask("c1", shop, "shop", "10:8"));
  EXPECT_TRUE(ask("c2", make_init("c2"), "shop", "10:8")) << "the same namespace may share it";
  const Pid bank = make_init("c3");
  const auto answer = ask("c3", bank, "bank", "10:8");
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().message(), "netclsd.io/classid asks for classid 10:8, which is in use by another namespace");
  EXPECT_EQ(world_.refusals[0].held_by, "shop");
  EXPECT_EQ(count(RefusalReason::kExclusive), 1U);
  ASSERT_TRUE(engine_->release(*ContainerId::parse("c1"), true));
  EXPECT_FALSE(ask("c3", bank, "bank", "10:8")) << "c2 holds it still";
  ASSERT_TRUE(engine_->release(*ContainerId::parse("c2"), true));
  EXPECT_TRUE(ask("c3", bank, "bank", "10:8"));
}

TEST_F(RefusalsTest, AfterARestartAnExclusiveClassidIsStillHeld) {
  ASSERT_TRUE(ask("c1", make_init("c1"), "shop", "10:8"));
  start();
  set_policy({});
  EXPECT_FALSE(ask("c3", make_init("c3"), "bank", "10:8"));
}

TEST_F(RefusalsTest, AStricterPolicyLetsTheRegisteredBe) {
  const Pid init = make_init("c1");
  ASSERT_TRUE(ask("c1", init, "shop", "10:1"));
  engine_->set_policy(
      {.classes = {},
       .default_class = id("99:1"),
       .allowed = {},
       .pods = PodPolicy{.rules = {{.name = "none", .namespaces = {"*"}}}, .on_refusal = OnRefusal::kDefaultClass}});
  EXPECT_FALSE(ask("c1", init, "shop", "10:1")) << "asking again is refused";
  EXPECT_EQ(engine_->views().list_after({}).at(0).choice.classid, id("10:1"));
  EXPECT_EQ(group_of(init), "/netclsd/c1");
  start();
  EXPECT_EQ(engine_->views().list_after({}).at(0).choice.classid, id("10:1"));
}

TEST_F(RefusalsTest, WhatTheHookPlacedIsMovedOutAgain) {
  const Pid init = make_init("c1");
  place_by_hook("c1", init, id("20:1").raw());
  const Pid child = world_.fork(init);
  leave_in_spool("c1", init, "shop", "20:1");
  EXPECT_EQ(group_of(init), "/");
  EXPECT_EQ(group_of(child), "/");
  EXPECT_FALSE(world_.groups().contains("netclsd/c1"));
  EXPECT_TRUE(world_.spool().empty());
}

TEST_F(RefusalsTest, AClassidThatTheHookWroteToTheRuntimesGroupIsReset) {
  const Pid init = make_init("c1");
  world_.set_group_by_hand("docker", 0);
  world_.set_group_by_hand("docker/c1", id("20:1").raw());
  world_.move_by_hand(init, "docker/c1");
  leave_in_spool("c1", init, "shop", "20:1");
  EXPECT_EQ(group_of(init), "/docker/c1") << "nobody is moved out of the runtime's group";
  EXPECT_EQ(world_.class_of("/docker/c1"), 0U);
}

TEST_F(RefusalsTest, AnotherClassidInTheRuntimesGroupIsSomebodyElses) {
  const Pid init = make_init("c1");
  world_.set_group_by_hand("docker/c1", id("7:7").raw());
  world_.move_by_hand(init, "docker/c1");
  leave_in_spool("c1", init, "shop", "20:1");
  EXPECT_EQ(world_.class_of("/docker/c1"), id("7:7").raw());
}

TEST_F(RefusalsTest, AGroupThatOthersAreInIsNotReset) {
  const Pid init = make_init("c1");
  const Pid stranger = make_init("c2");
  world_.set_group_by_hand("shared", id("20:1").raw());
  world_.move_by_hand(init, "shared");
  world_.move_by_hand(stranger, "shared");
  leave_in_spool("c1", init, "shop", "20:1");
  EXPECT_EQ(world_.class_of("/shared"), id("20:1").raw());
}

// The hook leaves the spool entry first: we may refuse it before init is placed.
TEST_F(RefusalsTest, APlacementThatComesAfterTheRefusalIsUndoneInTheNextSecond) {
  const Pid init = make_init("c1");
  leave_in_spool("c1", init, "shop", "20:1");
  place_by_hook("c1", init, id("20:1").raw());
  engine_->on_second();
  EXPECT_EQ(group_of(init), "/");
  EXPECT_FALSE(world_.groups().contains("netclsd/c1"));
}

// A hook that gave up waiting writes what was asked for after we have answered with the default class.
TEST_F(RefusalsTest, AClassidThatALateHookWritesOverTheDefaultClassIsWrittenBackInTheNextSecond) {
  set_policy({.rules = {}, .on_refusal = OnRefusal::kDefaultClass});
  const Pid init = make_init("c1");
  ASSERT_TRUE(ask("c1", init, "shop", "20:1"));
  place_by_hook("c1", init, id("20:1").raw());
  engine_->on_second();
  EXPECT_EQ(world_.class_of("/netclsd/c1"), id("99:1").raw());
  EXPECT_EQ(counters_.groups_repaired.value(), 1U);
  engine_->on_second();
  EXPECT_EQ(counters_.groups_repaired.value(), 1U) << "there is nothing to do any more";
}

TEST_F(RefusalsTest, SoIsOneInTheRuntimesGroup) {
  set_policy({.rules = {}, .on_refusal = OnRefusal::kDefaultClass});
  const Pid init = make_init("c1");
  world_.set_group_by_hand("docker/c1", 0);
  world_.move_by_hand(init, "docker/c1");
  ASSERT_TRUE(ask("c1", init, "shop", "20:1"));
  world_.set_group_by_hand("docker/c1", id("20:1").raw());
  engine_->on_second();
  EXPECT_EQ(world_.class_of("/docker/c1"), id("99:1").raw());
  EXPECT_EQ(counters_.groups_repaired.value(), 1U);
}

TEST_F(RefusalsTest, WhomALateHookPlacesInAGroupOfItsOwnIsBroughtBackToTheDefaultClass) {
  parent_ = "ours";
  start();
  set_policy({.rules = {}, .on_refusal = OnRefusal::kDefaultClass});
  const Pid init = make_init("c1");
  ASSERT_TRUE(ask("c1", init, "shop", "20:1"));
  ASSERT_EQ(group_of(init), "/ours/c1");
  place_by_hook("c1", init, id("20:1").raw());
  const Pid child = world_.fork(init);
  engine_->on_second();
  EXPECT_EQ(group_of(init), "/ours/c1");
  EXPECT_EQ(group_of(child), "/ours/c1");
  EXPECT_EQ(world_.class_of("/ours/c1"), id("99:1").raw());
  EXPECT_FALSE(world_.groups().contains("netclsd/c1"));
}

TEST_F(RefusalsTest, AfterAHooksLongestLifeWhatIsWrittenIsTheAuditsBusiness) {
  set_policy({.rules = {}, .on_refusal = OnRefusal::kDefaultClass});
  const Pid init = make_init("c1");
  ASSERT_TRUE(ask("c1", init, "shop", "20:1"));
  world_.pass(Refusals::kHookMax + std::chrono::seconds{1});
  place_by_hook("c1", init, id("20:1").raw());
  engine_->on_second();
  EXPECT_EQ(world_.class_of("/netclsd/c1"), id("20:1").raw());
  audit();
  EXPECT_EQ(world_.class_of("/netclsd/c1"), id("99:1").raw());
}

TEST_F(RefusalsTest, ExplainSaysWhyTheProcessesOfARefusedContainerHaveNoClass) {
  const Pid init = make_init("c1");
  ASSERT_FALSE(ask("c1", init, "shop", "20:1"));
  const Pid child = world_.fork(init);
  for (const Pid pid : {init, child}) {
    const auto view = engine_->views().explain(pid);
    ASSERT_TRUE(view);
    EXPECT_EQ(view->container, std::nullopt);
    EXPECT_EQ(view->verdict.rule, "shop");
    EXPECT_EQ(view->verdict.pod_namespace, "shop");
    EXPECT_EQ(view->verdict.refused_because,
              "container c1: netclsd.io/classid asks for classid 20:1, which rule \"shop\" does not allow");
  }
  EXPECT_EQ(engine_->views().show(*ContainerId::parse("c1")).error().message(),
            "container c1 is not registered; the policy refused it: netclsd.io/classid asks for classid 20:1, which "
            "rule \"shop\" does not allow");
  EXPECT_EQ(engine_->views().explain(FakeHost::kInit)->verdict.refused_because, "");
}

TEST_F(RefusalsTest, WhoIsRegisteredAfterAllIsNotRefusedAnyMore) {
  const Pid init = make_init("c1");
  ASSERT_FALSE(ask("c1", init, "shop", "20:1"));
  ASSERT_TRUE(ask("c1", init, "shop", "10:1"));
  ASSERT_TRUE(engine_->release(*ContainerId::parse("c1"), true));
  EXPECT_EQ(engine_->views().explain(init)->verdict.refused_because, "");
}

TEST_F(RefusalsTest, OnlyTheLatestAreRemembered) {
  const Pid init = make_init("c0");
  ASSERT_FALSE(ask("c0", init, "shop", "20:1"));
  for (std::size_t i = 1; i <= Refusals::kRefusalsMax; ++i) {
    ASSERT_FALSE(ask("c" + std::to_string(i), Pid{3'999}, "shop", "20:1"));
  }
  EXPECT_EQ(engine_->views().explain(init)->verdict.refused_because, "");
  EXPECT_EQ(count(RefusalReason::kNotAllowed), Refusals::kRefusalsMax + 1);
}

}  // namespace
}  // namespace netclsd
