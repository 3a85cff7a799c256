// Registrar: containers that are registered when they run already.
#include <algorithm>
#include <cerrno>
#include <map>
#include <vector>

#include "agent/containers/registrar.h"
#include "tests/unit/agent/engine/engine_fixture.h"

namespace netclsd {
namespace {

// Containers that were entered before they were registered; the agent may trace nobody.
class LateTest : public EngineFixture {
 protected:
  static constexpr std::uint64_t kOwnMount = 77;

  explicit LateTest(FakeHostOptions options = {.may_trace = false, .pid_max = 4'000})
      : EngineFixture(options), kept_(world_.kept()) {}

  // An entrant that is on its way into the container ends, once at each moment of the registration.
  void check_each_moment() {
    bool was_too_late = false;
    for (int moment = 1; !was_too_late && moment < 100; ++moment) {
      const std::string id = "c" + std::to_string(moment);
      const Pid init = make_init(id);
      const Pid entrant = put_stranger_at(init);
      int looks = 0;
      bool is_decided = false;
      world_.interleave = [&](std::optional<Pid> to_place) {
        is_decided |= to_place.has_value();
        if (!is_decided && ++looks == moment) world_.exit(entrant);
      };
      RegisterRequest request;
      request.pid = init;
      request.annotations[kClassIdAnnotation] = "10:1";
      EXPECT_TRUE(engine_->register_container(*ContainerId::parse(id), request));
      world_.interleave = [](std::optional<Pid>) {};
      was_too_late = world_.is_alive(entrant);
      EXPECT_NE(has_path(id), was_too_late) << moment;
      world_.exit(init);
      engine_->on_exit(init);
    }
  }

  // Somebody at the path of `init`'s container, whom nothing tells from a stranger, a process of the host.
  Pid put_stranger_at(Pid init) {
    const Pid stranger = world_.fork(FakeHost::kInit);
    world_.process(stranger).unified = world_.process(init).unified;
    return stranger;
  }
  // One of another container.
  Pid put_guest_at(Pid init) {
    const Pid guest = put_stranger_at(init);
    world_.process(guest).pid_namespace = 9'000;
    return guest;
  }
  Pid enter_into(Pid init) {
    const Pid entrant = put_stranger_at(init);
    world_.process(entrant).pid_namespace = world_.process(init).pid_namespace;
    world_.process(entrant).root_mount = world_.process(init).root_mount;
    return entrant;
  }
  [[nodiscard]] bool has_path(const std::string& id) {
    return kept_.at(*ContainerId::parse(id)).membership.has_value();
  }
  void wait(MonotonicTime time) {
    world_.pass(time);
    work();
  }
  void pass_seconds(int seconds) {
    for (int i = 0; i < seconds; ++i) {
      world_.pass(std::chrono::seconds{1});
      engine_->on_second();
      work();
    }
  }

  const std::map<ContainerId, Registration>& kept_;
};

TEST_F(LateTest, AnEntrantThatEndsWhileAllIsReadIsNoStranger) { check_each_moment(); }

class UnseenLateTest : public LateTest {
 protected:
  UnseenLateTest() : LateTest({.sees_cgroups = false, .may_trace = false, .pid_max = 4'000}) {}
};

TEST_F(UnseenLateTest, AnEntrantThatEndsWhileAllIsReadIsNoStranger) { check_each_moment(); }

TEST_F(LateTest, APathIsFoundWhenTheGuestOfAnotherContainerHasLeftAndWhoIsThereIsPlaced) {
  const Pid init = make_init("c1");
  const Pid guest = put_guest_at(init);
  const Pid entrant = enter_into(init);
  register_init("c1", init);
  ASSERT_FALSE(has_path("c1"));
  pass_seconds(3);
  EXPECT_FALSE(has_path("c1"));
  world_.exit(guest);
  pass_seconds(20);
  EXPECT_TRUE(has_path("c1"));
  EXPECT_EQ(group_of(entrant), "/netclsd/c1");
  const Pid later = enter("c1");
  work();
  EXPECT_EQ(group_of(later), "/netclsd/c1");
}

TEST_F(LateTest, AfterARestartToo) {
  const Pid init = make_init("c1");
  const Pid guest = put_guest_at(init);
  register_init("c1", init);
  world_.exit(guest);
  start();
  pass_seconds(1);
  EXPECT_FALSE(has_path("c1")) << "one look is not enough";
  pass_seconds(6);
  EXPECT_TRUE(has_path("c1"));
}

// After the hook CRIU moves what it restores to where it was at the checkpoint. It is in the container's path
// meanwhile.
TEST_F(LateTest, AnInitThatIsMovedOutWhileItsPathIsNotKnownIsBroughtBackWithWhatItForked) {
  const Pid init = make_init("c1");
  const Pid criu = put_stranger_at(init);
  register_init("c1", init);
  ASSERT_FALSE(has_path("c1"));
  world_.move_by_hand(init, "");
  const Pid child = world_.fork(init);
  world_.exit(criu);
  pass_seconds(1);
  engine_->round();
  EXPECT_FALSE(has_path("c1"));
  EXPECT_EQ(group_of(init), "/netclsd/c1");
  EXPECT_EQ(group_of(child), "/netclsd/c1");
}

TEST_F(LateTest, WhoIsOnItsWayIntoTheContainerIsNotInTheWayForGood) {
  const Pid init = make_init("c1");
  const Pid runtime = put_stranger_at(init);
  register_init("c1", init);
  pass_seconds(1);
  world_.exit(runtime);
  const Pid another = put_stranger_at(init);
  pass_seconds(2);
  EXPECT_FALSE(has_path("c1"));
  world_.exit(another);
  pass_seconds(20);
  EXPECT_TRUE(has_path("c1"));
}

// A daemon's job is registered, and the daemon is started anew: for a moment the path holds nobody else.
TEST_F(LateTest, APathThatAProcessOfTheHostHasSharedIsNeverTaken) {
  const Pid job = make_init("job", "/cron.service");
  const Pid daemon = put_stranger_at(job);
  register_init("job", job);
  pass_seconds(3);
  world_.exit(daemon);
  pass_seconds(120);
  EXPECT_FALSE(has_path("job"));
}

TEST_F(LateTest, APathThatAnotherRegistrationHasIsNotTaken) {
  const Pid outer = make_init("outer");
  world_.process(outer).pid_namespace = 1;
  world_.process(outer).root_mount = kOwnMount;
  world_.process(outer).reaper = FakeHost::kInit;
  register_init("outer", outer);
  const Pid inner = world_.fork(outer);
  world_.process(inner).root_mount = kOwnMount + 1;
  register_init("inner", inner, "10:2");
  ASSERT_FALSE(has_path("inner"));
  world_.exit(outer);  // nobody has told yet
  pass_seconds(40);
  EXPECT_FALSE(has_path("inner"));
  engine_->on_exit(outer);
  ASSERT_FALSE(is_kept("outer"));
  pass_seconds(40);
  EXPECT_TRUE(has_path("inner"));
}

TEST_F(LateTest, WhileNothingCanBeReadTheSearchGoesOn) {
  const Pid init = make_init("c1");
  const Pid guest = put_guest_at(init);
  register_init("c1", init);
  world_.exit(guest);
  world_.looks_fail_with = EMFILE;
  pass_seconds(3);
  EXPECT_FALSE(has_path("c1"));
  world_.looks_fail_with = 0;
  pass_seconds(20);
  EXPECT_TRUE(has_path("c1"));
}

TEST_F(LateTest, ManySearchesAreMadeAFewAtATime) {
  std::vector<Pid> guests;
  for (int i = 0; i < 10; ++i) {
    const std::string id = "c" + std::to_string(i);
    const Pid init = make_init(id);
    guests.push_back(put_guest_at(init));
    register_init(id, init);
  }
  for (const Pid guest : guests) world_.exit(guest);
  const auto found = [&] {
    return std::count_if(kept_.begin(), kept_.end(),
                         [](const auto& kept) { return kept.second.membership.has_value(); });
  };
  pass_seconds(6);
  EXPECT_EQ(found(), Registrar::kPathSearchesMax) << "each is alone at two looks, five seconds apart";
  pass_seconds(2);
  EXPECT_EQ(found(), 10);
}

TEST_F(LateTest, InTheHostsPidNamespaceAnEntrantIsKnownByTheMountsOfTheContainer) {
  const Pid init = make_init("c1");
  world_.process(init).pid_namespace = 1;
  world_.process(init).root_mount = kOwnMount;
  const Pid entrant = enter_into(init);
  register_init("c1", init);
  EXPECT_TRUE(has_path("c1"));
  EXPECT_EQ(group_of(entrant), "/netclsd/c1");
}

TEST_F(LateTest, AnEntrantWithMountsOfItsOwnIsKnown) {
  const Pid init = make_init("c1");
  const Pid entrant = enter_into(init);
  world_.process(entrant).root_mount = kOwnMount;
  register_init("c1", init);
  EXPECT_TRUE(has_path("c1"));
  EXPECT_EQ(group_of(entrant), "/netclsd/c1");
}

// The daemon was there at the registration and at the first look; it is started anew before the
// second one, and is in the class of its job from then on.
TEST_F(LateTest, APathThatADaemonSharedUntilJustNowIsNotTaken) {
  const Pid job = make_init("job", "/cron.service");
  world_.process(job).pid_namespace = 1;
  world_.process(job).reaper = FakeHost::kInit;
  const auto start_daemon = [&] {
    const Pid daemon = world_.fork(FakeHost::kInit);
    world_.process(daemon).unified = "/cron.service";
    world_.exec(daemon);
    return daemon;
  };
  const Pid daemon = start_daemon();
  register_init("job", job);
  pass_seconds(2);
  world_.exit(daemon);
  pass_seconds(2);
  const Pid anew = start_daemon();
  work();
  EXPECT_EQ(group_of(anew), "/");
}

// Recovery that fails to make the group never looks for a path again.
TEST_F(LateTest, APathIsLookedForAlsoAfterARecoveryThatFailed) {
  const Pid init = make_init("c1");
  const Pid guest = world_.fork(FakeHost::kInit);
  world_.process(guest).unified = "/pod/c1";
  world_.process(guest).pid_namespace = 9'000;
  register_init("c1", init);
  ASSERT_FALSE(world_.kept().at(*ContainerId::parse("c1")).membership);
  faults_.arm_failure(FaultPoint::kGroupMake, ENOMEM);
  start();
  world_.exit(guest);
  pass_seconds(60);
  EXPECT_EQ(group_of(init), "/netclsd/c1");
  EXPECT_TRUE(world_.kept().at(*ContainerId::parse("c1")).membership);
}

// It forks and ends while /proc is read: its child is in nothing that was read, and its event names a stranger.
TEST_F(LateTest, WhatAnEntrantForksWhileAllIsReadIsPlaced) {
  const Pid init = make_init("c1");
  const Pid entrant = enter_into(init);
  work();
  Pid child{};
  world_.interleave = [&](std::optional<Pid>) {
    if (child.value != 0) return;
    child = world_.fork(entrant);
    world_.exit(entrant);
  };
  register_init("c1", init);
  EXPECT_EQ(group_of(child), "/netclsd/c1");
}

class HalfBornLateTest : public LateTest {
 protected:
  HalfBornLateTest() : LateTest({.may_trace = false, .pid_max = 4'000, .has_favordynmods = true}) {}
};

// Its event came before the registration, and its path comes after: until then nothing tells it from an orphan.
TEST_F(HalfBornLateTest, AChildOfInitThatIsBeingForkedIsFoundByTheSweep) {
  const Pid init = make_init("c1");
  const Pid child = world_.fork(init);
  register_late("c1", init);
  EXPECT_EQ(group_of(child), "/");
  wait(SweepDebt::kCalm);
  EXPECT_EQ(group_of(child), "/netclsd/c1");
}

// Descendants that left the container's path: not everything is read for each registration, but once for many.
class ElsewhereTest : public LateTest {
 protected:
  // A child of a child of `init`, in a cgroup of the host's.
  Pid grandchild_elsewhere(Pid init) {
    const Pid grandchild = world_.fork(world_.fork(init));
    world_.process(grandchild).unified = "/elsewhere";
    return grandchild;
  }
  [[nodiscard]] std::uint64_t sweeps() const { return counters_.sweeps[SweepCause::kRegistration].value(); }
};

TEST_F(ElsewhereTest, IsFoundByOneSweepForManyRegistrations) {
  std::map<std::string, Pid> inits;
  std::map<std::string, Pid> elsewhere;
  for (int i = 0; i < 20; ++i) {
    const std::string id = "c" + std::to_string(i);
    inits[id] = make_init(id);
    elsewhere[id] = grandchild_elsewhere(inits[id]);
  }
  work();
  for (const auto& [id, init] : inits) register_late(id, init);
  EXPECT_EQ(group_of(elsewhere["c0"]), "/");
  wait(SweepDebt::kCalm);
  for (const auto& [id, pid] : elsewhere) EXPECT_EQ(group_of(pid), "/netclsd/" + id);
  EXPECT_EQ(sweeps(), 1U);
}

TEST_F(ElsewhereTest, IsFoundBeforeAnyContainerIsReleased) {
  const Pid init = make_init("c1");
  const Pid other = make_init("c2");
  const Pid pid = grandchild_elsewhere(init);
  work();
  register_late("c2", other);
  register_late("c1", init);
  world_.exit(other);
  engine_->on_exit(other);
  EXPECT_EQ(group_of(pid), "/netclsd/c1");
  EXPECT_EQ(sweeps(), 1U);
}

TEST_F(ElsewhereTest, IsNotLookedForWhereInitHasNotRun) {
  register_by_hook("c1");
  wait(SweepDebt::kCalm);
  EXPECT_EQ(sweeps(), 0U);
}

}  // namespace
}  // namespace netclsd
