#include "agent/membership/tracker.h"
#include "tests/unit/agent/engine/engine_fixture.h"

namespace netclsd {
namespace {

// A process that exec'd is a suspect until it is looked at; then its forks need no read.
class SuspectsTest : public EngineFixture {
 protected:
  [[nodiscard]] std::string cause_of(Pid pid) { return engine_->views().explain(pid)->cause; }

  void pass_seconds(int seconds) {
    for (int i = 0; i < seconds; ++i) {
      world_.pass(std::chrono::seconds{1});
      engine_->on_second();
      work();
    }
  }
};

// The hook's request overtakes the examination of `runc`'s exec and of init's fork, as it does while the queue is
// long: init stays a suspect as long as it lives.
TEST_F(SuspectsTest, AnInitThatWasASuspectAtItsRegistrationForksWithoutReadsLater) {
  register_init("first", make_init("first"));
  const Pid runtime = world_.fork(FakeHost::kInit);
  work();
  world_.exec(runtime);
  const Pid init = world_.fork(runtime);
  FakeProcess& process = world_.process(init);
  process.unified = "/pod/c1";
  process.reaper = init;
  process.pid_namespace = 5'000;
  register_init("c1", init);
  work();
  audit();  // and also a sweep does not end it
  work();
  pass_seconds(5);
  for (int i = 0; i < 3; ++i) {
    const Pid child = world_.fork(init);
    work();
    EXPECT_EQ(cause_of(child), "inherited") << i;
    world_.exit(child);
  }
}

// the same for `netclsctl register` of a job that exec'd just before.
TEST_F(SuspectsTest, AJobThatExecdJustBeforeItsRegistrationForksWithoutReadsLater) {
  register_init("first", make_init("first"));
  const Pid job = make_init("job");  // its exec is not examined yet
  register_init("job", job);
  pass_seconds(40);
  audit();
  work();
  const Pid child = world_.fork(job);
  work();
  EXPECT_EQ(cause_of(child), "inherited");
}

// after a restart. What exec'd between the subscription and the first sweep is a suspect for life.
TEST_F(SuspectsTest, WhoExecdWhileTheAgentStartedForksWithoutReadsLater) {
  register_init("first", make_init("first"));
  register_init("c1", make_init("c1"));
  const Pid entrant = enter("c1");
  work();
  make_engine();
  world_.exec(entrant);
  engine_->start();
  work();
  ASSERT_EQ(group_of(entrant), "/netclsd/c1");
  pass_seconds(40);
  audit();
  work();
  const Pid child = world_.fork(entrant);
  work();
  EXPECT_EQ(cause_of(child), "inherited");
}

// in normal operation. What was read by a sweep is newer than the exec that is told meanwhile.
TEST_F(SuspectsTest, WhoExecdJustBeforeASweepForksWithoutReadsLater) {
  register_init("first", make_init("first"));
  register_init("c1", make_init("c1"));
  const Pid entrant = enter("c1");
  world_.move_by_hand(entrant, "netclsd/c1");  // as on v1, where the runtime joins the group by itself
  ASSERT_TRUE(engine_->sweep(SweepCause::kAudit).has_value());
  work();
  pass_seconds(40);
  audit();
  work();
  const Pid child = world_.fork(entrant);
  work();
  EXPECT_EQ(cause_of(child), "inherited");
}

// Its first owner was a member and has ended, its second one was a stranger and has ended, too.
TEST_F(SuspectsTest, AnExaminationOfANumbersEarlierOwnerBringsNobodyBack) {
  const Pid init = make_init("c1", "/");  // without a path of its own
  register_init("c1", init);
  world_.drop_next(1);
  world_.exit(world_.fork(FakeHost::kInit));
  engine_->round(0);  // descent is not trusted: a member's child is a suspect
  const Pid number = world_.fork(init);
  engine_->round(0);
  world_.exit(number);
  world_.reuse(number);
  engine_->round(0);
  const Pid child = world_.fork(number);
  world_.exit(number);
  engine_->round(0);
  world_.pass(std::chrono::seconds{1});
  engine_->on_second();
  ASSERT_TRUE(engine_->sweep(SweepCause::kRequest).has_value());
  work();
  EXPECT_EQ(group_of(child), "/");
}

}  // namespace
}  // namespace netclsd
