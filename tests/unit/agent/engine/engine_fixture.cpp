#include "tests/unit/agent/engine/engine_fixture.h"

#include <algorithm>

namespace netclsd {
namespace {

constexpr MonotonicTime kAuditInterval = std::chrono::hours{1};

}  // namespace

EngineFixture::EngineFixture(FakeHostOptions options) : world_(options, faults_, trace_) {
  start();
  EXPECT_TRUE(engine_->has_swept());
}

void EngineFixture::start() {
  make_engine();
  engine_->start();
}

void EngineFixture::make_engine() {
  world_.lose_listener();
  engine_.emplace(
      world_.host(),
      EngineOptions{.self = FakeHost::kAgent, .mount_point = "/m", .place = {.mount_root = "/", .parent = parent_}},
      counters_);
  engine_->set_audit_interval(kAuditInterval);
}

Pid EngineFixture::make_init(const std::string& id, const std::string& path) {
  const Pid init = world_.fork(FakeHost::kInit);
  FakeProcess& process = world_.process(init);
  process.unified = path.empty() ? "/pod/" + id : path;
  process.reaper = init;
  process.pid_namespace = 1'000 + static_cast<std::uint64_t>(init.value);
  world_.exec(init);
  return init;
}

RegistrationAnswer EngineFixture::register_init(const std::string& id, Pid init, const std::string& classid) {
  auto answer = register_late(id, init, classid);
  if (engine_->next_deadline() <= world_.monotonic() + SweepDebt::kCalm) {
    world_.pass(SweepDebt::kCalm);
    work();
  }
  return answer;
}

RegistrationAnswer EngineFixture::register_late(const std::string& id, Pid init, const std::string& classid) {
  RegisterRequest request;
  request.pid = init;
  request.annotations[kClassIdAnnotation] = classid;
  auto answer = engine_->register_container(*ContainerId::parse(id), request);
  EXPECT_TRUE(answer.has_value()) << answer.error().message();
  work();
  return *answer;
}

void EngineFixture::register_by_hook(const std::string& id) {
  RegisterRequest request;
  request.pid = make_init(id);
  request.annotations[kClassIdAnnotation] = "10:1";
  request.source = RegistrationSource::kHook;
  ASSERT_TRUE(engine_->register_container(*ContainerId::parse(id), request).has_value());
}

Pid EngineFixture::enter(const std::string& id) {
  const Pid entrant = world_.fork(FakeHost::kInit);
  world_.process(entrant).unified = "/pod/" + id;
  world_.exec(entrant);
  return entrant;
}

void EngineFixture::work() {
  while (engine_->round()) {
  }
}

void EngineFixture::audit() {
  world_.pass(kAuditInterval);
  engine_->round();
}

bool EngineFixture::has_reported(const std::string& event) const {
  return std::any_of(world_.problems.begin(), world_.problems.end(),
                     [&](const std::string& problem) { return problem.starts_with(event); });
}

void EngineFixture::before_the_write_of(Pid pid, std::function<void()> happening) {
  world_.interleave = [this, pid, happening = std::move(happening)](std::optional<Pid> target) {
    if (target != pid) return;
    const auto once = happening;
    world_.interleave = [](std::optional<Pid>) {};
    once();
  };
}

}  // namespace netclsd
