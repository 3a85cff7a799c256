// The engine on the real kernel: the real connector, the real /proc, a real net_cls hierarchy.

#include "agent/engine/engine.h"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <netinet/in.h>
#include <sched.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <set>
#include <thread>

#include "agent/events/event_stream.h"
#include "agent/host/clock.h"
#include "agent/host/event_loop.h"
#include "agent/host/mounted_cgroups.h"
#include "agent/log_reporter.h"
#include "tests/kernel/kernel_fixture.h"

namespace netclsd {
namespace {

class MemoryStore : public RegistrationStore, public Spool {
 public:
  Result<void> save(const Registration& r) override {
    kept.insert_or_assign(r.id, r);
    return {};
  }
  Result<void> remove(const ContainerId& id) override {
    kept.erase(id);
    return {};
  }
  std::vector<Result<Registration>> load() override {
    std::vector<Result<Registration>> all;
    for (const auto& [id, registration] : kept) all.emplace_back(registration);
    return all;
  }
  void look() override {}
  std::vector<SpoolItem> take(std::size_t) override { return {}; }
  void discard(const std::string&) override {}
  void set_aside(const std::string&) override {}

  std::map<ContainerId, Registration> kept;
};

class EngineTest : public KernelTest {
 protected:
  void SetUp() override {
    KernelTest::SetUp();
    if (!IsSkipped()) start();
  }

  void start() {
    engine_.reset();
    events_.emplace(loop_, procfs_.root(), counters_, EventStreamOptions{.self = Pid{::getpid()}});
    ASSERT_EQ(events_->subscribe().value(), Pulse::kAlive);
    engine_.emplace(
        ContainersHost{{procfs_, cgroups_, *groups_, clock_, exits_, *events_, reporter_}, store_, store_, reporter_},
        EngineOptions{.self = Pid{::getpid()},
                      .mount_point = mount_.mount_point,
                      .place = {.mount_root = mount_.root, .parent = parent_}},
        counters_);
    engine_->start();
    ASSERT_TRUE(engine_->has_swept());
  }

  void register_process(Pid pid, const std::string& classid = "10:1", const std::string& id = "c1") {
    RegisterRequest request;
    request.pid = pid;
    request.annotations[kClassIdAnnotation] = classid;
    const auto answer = engine_->register_container(ContainerId::parse(id).value(), request);
    ASSERT_TRUE(answer.has_value()) << answer.error().message();
    ASSERT_TRUE(answer->view.has_value());
  }

  void work() {
    while (engine_->round()) {
    }
    static_cast<void>(loop_.wait(std::chrono::milliseconds{0}));
    engine_->round();
  }

  bool is_in_group(Pid pid, const std::string& id = "c1") { return net_cls_path_of(pid) == "/" + parent_ + "/" + id; }

  EventLoop loop_ = EventLoop::make().value();
  Counters counters_;
  SystemClock clock_;
  MountedCgroups cgroups_ = MountedCgroups::open();
  MemoryStore store_;
  LogReporter reporter_;
  PidfdExitWatch exits_{loop_, [this](Pid pid) { engine_->on_exit(pid); }};
  std::optional<EventStream> events_;
  std::optional<Engine> engine_;
};

// A process with one client, whom it accepts when it is told to.
class Listener {
 public:
  Listener() {
    EXPECT_EQ(::bind(socket_.get(), to_address(), sizeof address_), 0);
    EXPECT_EQ(::listen(socket_.get(), 1), 0);
    socklen_t size = sizeof address_;
    EXPECT_EQ(::getsockname(socket_.get(), to_address(), &size), 0);
    process_.emplace([this] { serve(); });
    socket_ = UniqueFd();
    EXPECT_EQ(::connect(client_.get(), to_address(), sizeof address_), 0);
  }
  ~Listener() {
    for (const int fd : orders_) ::close(fd);
  }
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;

  [[nodiscard]] Pid pid() const { return process_->pid(); }
  void accept() { EXPECT_EQ(::write(orders_[1], "a", 1), 1); }
  [[nodiscard]] bool has_accepted() const {
    return std::filesystem::exists("/proc/" + to_string(pid()) + "/fd/" + std::to_string(kAccepted));
  }

  // Of its end of the connection, as ss prints it; 0: none.
  [[nodiscard]] std::uint32_t classid() const {
    const std::string command =
        "ss -tnHO --tos state established 'sport = :" + std::to_string(::ntohs(address_.sin_port)) + "'";
    FILE* output = ::popen(command.c_str(), "r");
    std::array<char, 4'096> text{};
    EXPECT_GT(std::fread(text.data(), 1, text.size() - 1, output), 0U) << "ss knows the connection";
    EXPECT_EQ(::pclose(output), 0);
    const char* found = std::strstr(text.data(), "class_id:");
    return found == nullptr ? 0 : static_cast<std::uint32_t>(std::strtoul(found + 9, nullptr, 0));
  }

 private:
  static constexpr int kAccepted = 200;

  sockaddr* to_address() { return reinterpret_cast<sockaddr*>(&address_); }
  void serve() {
    char order = 0;
    if (::read(orders_[0], &order, 1) == 1) ::dup2(::accept(socket_.get(), nullptr, nullptr), kAccepted);
    for (;;) ::pause();
  }

  struct Orders : std::array<int, 2> {
    Orders() : std::array<int, 2>{} { EXPECT_EQ(::pipe(data()), 0); }
  };
  Orders orders_;
  sockaddr_in address_{.sin_family = AF_INET, .sin_port = 0, .sin_addr = {::htonl(INADDR_LOOPBACK)}, .sin_zero = {}};
  UniqueFd socket_{::socket(AF_INET, SOCK_STREAM, 0)};
  UniqueFd client_{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  std::optional<TestProcess> process_;
};

// Forks a grandchild for each byte it reads, and reports its pid.
class Forker {
 public:
  Forker() : process_([this] { serve(); }) {}

  Pid fork_one() {
    char order = 'f';
    EXPECT_EQ(::write(orders_[1], &order, 1), 1);
    std::int32_t pid = 0;
    EXPECT_EQ(::read(answers_[0], &pid, sizeof pid), static_cast<ssize_t>(sizeof pid));
    children_.push_back(pid);
    return Pid{pid};
  }
  Pid pid() const { return process_.pid(); }
  void end() { process_.kill_and_reap(); }

  ~Forker() {
    process_.kill_and_reap();
    for (const int child : children_) ::kill(child, SIGKILL);
    for (const int fd : {orders_[0], orders_[1], answers_[0], answers_[1]}) ::close(fd);
  }

 private:
  struct Pipes {
    explicit Pipes(int* fds) { EXPECT_EQ(::pipe(fds), 0); }
  };
  [[noreturn]] void serve() const {
    char order;
    while (::read(orders_[0], &order, 1) == 1) {
      const std::int32_t child = ::fork();
      if (child == 0) {
        for (;;) ::pause();
      }
      static_cast<void>(!::write(answers_[1], &child, sizeof child));
    }
    ::_exit(0);
  }

  int orders_[2] = {-1, -1};
  int answers_[2] = {-1, -1};
  Pipes make_orders_{orders_};
  Pipes make_answers_{answers_};
  TestProcess process_;
  std::vector<int> children_;
};

TEST_F(EngineTest, InitIsPlacedWhenRegistrationReturns) {
  const TestProcess init = TestProcess::sleeping();
  register_process(init.pid());
  EXPECT_TRUE(is_in_group(init.pid()));
  EXPECT_EQ(groups_->classid(parent_ + "/c1").value(), 0x10'0001U);
  EXPECT_EQ(counters_.moves[MoveCause::kRegister].value(), 1U);
}

TEST_F(EngineTest, ForksAfterThePlacingCostNoMove) {
  Forker forker;
  register_process(forker.pid());
  std::vector<Pid> children;
  for (int i = 0; i < 200; ++i) children.push_back(forker.fork_one());
  work();
  for (const Pid child : children) EXPECT_TRUE(is_in_group(child));
  EXPECT_EQ(counters_.moves[MoveCause::kFork].value(), 0U);
  EXPECT_EQ(counters_.processes.value(), 201U);
}

TEST_F(EngineTest, ChildrenThatWereThereBeforeTheRegistrationAreTakenIn) {
  Forker forker;
  const Pid before = forker.fork_one();
  register_process(forker.pid());
  work();
  EXPECT_TRUE(is_in_group(before));
  EXPECT_EQ(counters_.moves[MoveCause::kRegister].value(), 2U);
}

TEST_F(EngineTest, ASweepFindsAndPlacesAStrayAndTheNextFindsNone) {
  Forker forker;
  register_process(forker.pid());
  const Pid child = forker.fork_one();
  work();
  ASSERT_TRUE(groups_->attach("", child).has_value());
  auto report = engine_->sweep(SweepCause::kRequest);
  ASSERT_TRUE(report.has_value());
  EXPECT_EQ(report->strays, 1U);
  EXPECT_EQ(report->moved, 1U);
  EXPECT_TRUE(is_in_group(child));
  report = engine_->sweep(SweepCause::kRequest);
  EXPECT_EQ(report->strays, 0U);
}

TEST_F(EngineTest, ARestartedEngineKnowsEverythingAndMovesNobody) {
  Forker forker;
  register_process(forker.pid());
  const Pid child = forker.fork_one();
  work();
  const auto moves = counters_.moves[MoveCause::kRegister].value();
  start();
  work();
  EXPECT_TRUE(is_in_group(child));
  EXPECT_EQ(counters_.moves[MoveCause::kRegister].value(), moves);
  EXPECT_EQ(counters_.moves[MoveCause::kSweep].value(), 0U);
  EXPECT_EQ(counters_.registrations[SourceLabel::kRecovered].value(), 1U);
  EXPECT_EQ(engine_->views().explain(child)->container, ContainerId::parse("c1").value());
}

TEST_F(EngineTest, WhenInitAndAllOthersHaveEndedNothingIsLeft) {
  TestProcess init = TestProcess::sleeping();
  register_process(init.pid());
  init.kill_and_reap();
  EXPECT_TRUE(eventually([&] {
    work();
    return counters_.containers.value() == 0;
  }));
  EXPECT_TRUE(store_.kept.empty());
  EXPECT_EQ(counters_.processes.value(), 0U);
  EXPECT_FALSE(groups_->classid(parent_ + "/c1").has_value());
}

TEST_F(EngineTest, AContainerStaysWhileAProcessOfItLives) {
  Forker forker;
  register_process(forker.pid());
  const Pid survivor = forker.fork_one();
  work();
  forker.end();
  work();
  EXPECT_EQ(counters_.containers.value(), 1U);
  EXPECT_TRUE(is_in_group(survivor));
  ::kill(survivor.value, SIGKILL);
  EXPECT_TRUE(eventually([&] {
    work();
    return counters_.containers.value() == 0;
  }));
}

TEST_F(EngineTest, AHintDoesNotReleaseALiveContainerAndForceMovesItsProcessesOut) {
  const TestProcess init = TestProcess::sleeping();
  register_process(init.pid());
  const auto id = ContainerId::parse("c1").value();
  ASSERT_TRUE(engine_->release(id, false).has_value());
  EXPECT_TRUE(is_in_group(init.pid()));
  ASSERT_TRUE(engine_->release(id, true).has_value());
  EXPECT_EQ(net_cls_path_of(init.pid()), "/");
  EXPECT_TRUE(store_.kept.empty());
}

TEST_F(EngineTest, AnEarlierProcessOfThatNumberIsAConflict) {
  const TestProcess init = TestProcess::sleeping();
  RegisterRequest request;
  request.pid = init.pid();
  request.start_time = StartTime{1};
  request.annotations[kClassIdAnnotation] = "10:1";
  const auto answer = engine_->register_container(ContainerId::parse("c1").value(), request);
  ASSERT_FALSE(answer.has_value());
  EXPECT_EQ(answer.error().code(), ErrorCode::kConflict);
  EXPECT_EQ(net_cls_path_of(init.pid()), "/");
  EXPECT_EQ(counters_.registration_failures[RegistrationFailure::kConflict].value(), 1U);
}

TEST_F(EngineTest, RegisteringAgainWithAnotherClassChangesTheGroupsClass) {
  const TestProcess init = TestProcess::sleeping();
  register_process(init.pid(), "10:1");
  register_process(init.pid(), "10:2");
  EXPECT_EQ(groups_->classid(parent_ + "/c1").value(), 0x10'0002U);
  EXPECT_EQ(counters_.registrations[SourceLabel::kApi].value(), 1U);
}

TEST_F(EngineTest, AClassidOverwrittenByHandIsWrittenAgain) {
  const TestProcess init = TestProcess::sleeping();
  register_process(init.pid());
  ASSERT_TRUE(groups_->set_classid(parent_ + "/c1", 99).has_value());
  ASSERT_TRUE(engine_->sweep(SweepCause::kAudit).has_value());
  EXPECT_EQ(groups_->classid(parent_ + "/c1").value(), 0x10'0001U);
}

TEST_F(EngineTest, GroupsThatACrashLeftAreRemovedAtStart) {
  ASSERT_TRUE(groups_->make(parent_ + "/left-behind").has_value());
  start();
  EXPECT_THAT(groups_->children(parent_).value(), testing::IsEmpty());
}

// Forks while its parent is being placed: none may be lost, whichever way the clocks show it.
TEST_F(EngineTest, ForksDuringThePlacingAreAllInTheGroup) {
  for (int round = 0; round < 20; ++round) {
    const std::string id = "storm" + std::to_string(round);
    TestProcess init([] {
      ::setsid();
      for (int i = 0; i < 60; ++i) {
        if (::fork() == 0) {
          for (;;) ::pause();
        }
      }
      for (;;) ::pause();
    });
    const Pid leader = init.pid();
    register_process(leader, "10:1", id);
    std::set<Pid> family;
    EXPECT_TRUE(eventually([&] {
      work();
      family.clear();
      const auto pids = procfs_.list();
      for (const Pid pid : *pids) {
        const auto facts = procfs_.facts(pid);
        if (facts && (facts->parent == leader || pid == leader)) family.insert(pid);
      }
      return family.size() == 61;
    }));
    // Who was in the middle of its fork when it was seen is examined some milliseconds later.
    const auto is_placed = [&](Pid pid) {
      work();
      return is_in_group(pid, id);
    };
    for (const Pid pid : family) {
      EXPECT_TRUE(eventually([&] { return is_placed(pid); })) << "pid " << pid.value << " in round " << round;
    }
    for (const Pid pid : family) ::kill(pid.value, SIGKILL);
  }
}

// The kernel gives the class to the sockets that the moved process has open, and to those that it opens later. What it
// accepts is neither.
TEST_F(EngineTest, AConnectionThatWaitedToBeAcceptedGetsItsClassWhenThingsAreQuiet) {
  Listener listener;
  register_process(listener.pid());
  work();
  ASSERT_TRUE(is_in_group(listener.pid()));
  listener.accept();
  ASSERT_TRUE(eventually([&] { return listener.has_accepted(); }));
  EXPECT_EQ(listener.classid(), 0U) << "if the kernel does it itself, netclsd need not";
  std::this_thread::sleep_for(Registrar::kTagAgainAfter.front());
  engine_->on_second();
  EXPECT_EQ(listener.classid(), 0x100001U);
  EXPECT_EQ(counters_.sockets_tagged_again.value(), 1U);
}

}  // namespace
}  // namespace netclsd
