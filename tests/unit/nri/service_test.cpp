#include "nri/service.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>
#include <new>
#include <vector>

#include "tests/support/fake_nri_runtime.h"
#include "tests/unit/common/temporary_directory.h"

namespace netclsd::nri {
namespace {

using namespace std::chrono_literals;
using Runtime = FakeNriRuntime;
using Fields = FakeNriRuntime::Fields;
using testing::HasSubstr;

// The runtime's end: it listens, and writes and reads when the test says so.
class Listener {
 public:
  explicit Listener(const std::string& path) : socket_(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, path.data(), path.size());
    const void* generic = &address;
    EXPECT_EQ(::bind(socket_.get(), static_cast<const sockaddr*>(generic), sizeof address), 0);
    EXPECT_EQ(::listen(socket_.get(), 8), 0);
  }
  void accept() { connection_.reset(::accept4(socket_.get(), nullptr, nullptr, SOCK_CLOEXEC)); }
  void close() { connection_.reset(); }
  void write(const std::string& bytes) const {
    EXPECT_EQ(::send(connection_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL), std::ssize(bytes));
  }
  // What is there.
  [[nodiscard]] std::string read() const {
    char buffer[65'536];
    const ssize_t size = ::recv(connection_.get(), buffer, sizeof buffer, MSG_DONTWAIT);
    return size < 0 ? "nothing" : std::string(buffer, static_cast<std::size_t>(size));
  }

 private:
  UniqueFd socket_;
  UniqueFd connection_;
};

class ServiceTest : public testing::Test {
 protected:
  ServiceTest() { options_.nri_socket = directory_.path("nri.sock"); }

  void step(int times = 1) {
    for (int i = 0; i < times; ++i) EXPECT_TRUE(service_.step());
  }
  void connect(Listener& listener) {
    ask_to_wake_soon();
    step();
    listener.accept();
    EXPECT_EQ(Runtime::payloads(listener.read(), 2).size(), 1U);
  }
  std::string answer(Listener& listener, const std::string& call) {
    listener.write(call);
    step();
    const auto answers = Runtime::payloads(listener.read(), 1);
    return answers.empty() ? "none" : answers.back().second;
  }
  // A container that waits for the agent wakes the service, which would sleep for an hour.
  void ask_to_wake_soon() {
    Subject self;
    self.pod.annotations = {{"netclsd.io/class", "a"}};
    self.container.id = "self";
    self.container.pod_id = "p";
    self.container.pid = Pid{::getpid()};
    plugin_.add_running(self);
  }

  const TemporaryDirectory directory_;
  NriOptions options_;
  std::vector<std::string> log_;
  std::vector<std::string> asked_;
  std::string body_;  // of the last question
  bool is_out_of_memory_ = false;
  const hook::PlacingWorld world_{.socket = "/s",
                                  .spool = directory_.path("spool"),
                                  .ask_agent =
                                      [this](const ApiRequest& request, std::chrono::milliseconds) {
                                        asked_.push_back(request.target);
                                        body_ = request.body;
                                        if (is_out_of_memory_) throw std::bad_alloc();
                                        return Result<ApiResponse>(ApiResponse{201, "{}"});
                                      },
                                  .mounting = {.hold_if_mounted = [](SteadyTime) { return MountHold(); },
                                               .hold_mounted = {},
                                               .hold_some_mounted = {},
                                               .unmount_if_unused = {}}};
  const Plugin::Log say_ = [this](const std::string& line) { log_.push_back(line); };
  Plugin plugin_{options_, world_, say_};
  Report report_{directory_.path("nri.json"), {Pid{::getpid()}, StartTime{7}}};
  Service service_{options_, plugin_, report_, say_, sigset_t{}};
};

TEST(ReconnectPauseTest, IsShortWhileTheRuntimeMayOnlyBeRestarting) {
  EXPECT_EQ(reconnect_pause(0ms, 0s), 200ms);
  EXPECT_EQ(reconnect_pause(200ms, 29s), 200ms);
}

TEST(ReconnectPauseTest, GrowsToFiveSecondsAfterThat) {
  std::chrono::milliseconds pause = 200ms;
  for (const auto expected : {400ms, 800ms, 1'600ms, 3'200ms, 5'000ms, 5'000ms}) {
    pause = reconnect_pause(pause, 30s);
    EXPECT_EQ(pause, expected);
  }
}

TEST_F(ServiceTest, RegistersAndIsSynchronized) {
  Listener runtime(options_.nri_socket);
  connect(runtime);
  Runtime says;
  EXPECT_EQ(answer(runtime, Runtime::registered() + says.call("Configure", Runtime::configure())),
            Fields().text(2, Fields().number(2, 0x60).bytes()).bytes());
  EXPECT_EQ(answer(runtime, says.call("Synchronize", Runtime::synchronize({}, {}))), Fields().text(2, "").bytes());
  EXPECT_THAT(log_, testing::ElementsAre("registered as 10-netclsd with containerd v2.1.9, which has 0 containers"));
}

TEST_F(ServiceTest, ReportsItsConnectionAndWhatItWasTold) {
  Listener runtime(options_.nri_socket);
  connect(runtime);
  EXPECT_THAT(report_.to_json(), HasSubstr(R"("state":"disconnected")"));
  Runtime says;
  answer(runtime, Runtime::registered() + says.call("Configure", Runtime::configure()));
  answer(runtime, says.call("Synchronize", Runtime::synchronize({}, {})));
  EXPECT_THAT(report_.to_json(), HasSubstr(R"("state":"connected","runtime":"containerd v2.1.9")"));
  const std::string container = Runtime::container({.pid = static_cast<std::uint32_t>(::getpid())});
  answer(runtime, says.call("StateChange", Runtime::state_change(6, Runtime::pod({}), container)));
  answer(runtime, says.call("StateChange", Runtime::state_change(7, Runtime::pod({}), container)));
  EXPECT_THAT(report_.to_json(),
              HasSubstr(R"("requests":{"start_container":1,"post_start_container":1,"synchronize":1})"));
  EXPECT_THAT(report_.to_json(), HasSubstr(R"("reconnects":0,"timeouts":0)"));
  runtime.close();
  step();
  EXPECT_THAT(report_.to_json(), HasSubstr(R"("message":"it ended the connection")"));
}

TEST_F(ServiceTest, AnswersSynchronizeBeforeItAsksTheAgent) {
  Listener runtime(options_.nri_socket);
  connect(runtime);
  const std::size_t asked = asked_.size();
  Runtime says;
  const std::string body = Runtime::synchronize({Runtime::pod({.annotations = {{"netclsd.io/classid", "10:1"}}})},
                                                {Runtime::container({.pid = static_cast<std::uint32_t>(::getpid())})});
  EXPECT_EQ(answer(runtime, says.call("Synchronize", body)), Fields().text(2, "").bytes());
  EXPECT_EQ(asked_.size(), asked);
  step();
  EXPECT_EQ(asked_.size(), asked + 1);
}

TEST_F(ServiceTest, AStartIsAnsweredAfterTheAgent) {
  Listener runtime(options_.nri_socket);
  connect(runtime);
  Runtime says;
  const std::string call = says.call(
      "StateChange",
      Runtime::state_change(6, Runtime::pod({}), Runtime::container({.pid = static_cast<std::uint32_t>(::getpid())})));
  EXPECT_EQ(answer(runtime, call), Fields().text(2, "").bytes());
  EXPECT_EQ(asked_.back(), "/v1/containers/ab12");
}

TEST_F(ServiceTest, InitIsNotSaidToWaitWhenTheRuntimeHasEndedTheConnection) {
  Listener runtime(options_.nri_socket);
  connect(runtime);
  const std::string body =
      Runtime::state_change(6, Runtime::pod({}), Runtime::container({.pid = static_cast<std::uint32_t>(::getpid())}));
  Runtime says;
  answer(runtime, says.call("StateChange", body));
  EXPECT_TRUE(parse_register_request(body_)->init_waits);
  runtime.write(says.call("StateChange", body));
  runtime.close();
  step();
  EXPECT_FALSE(parse_register_request(body_)->init_waits);
}

TEST_F(ServiceTest, ConnectsAnewForEverAndSaysItOnce) {
  for (int i = 0; i < 3; ++i) step();
  EXPECT_THAT(log_, testing::ElementsAre(HasSubstr("not connected to the runtime: connect to " + options_.nri_socket)));
  Listener runtime(options_.nri_socket);
  for (int i = 0; i < 20 && !service_.is_connected(); ++i) {
    ask_to_wake_soon();
    step();
  }
  EXPECT_TRUE(service_.is_connected());
  runtime.accept();
  runtime.close();
  step();
  EXPECT_FALSE(service_.is_connected());
}

TEST_F(ServiceTest, AnExceptionEndsTheConnectionAndNotThePlugin) {
  Listener runtime(options_.nri_socket);
  connect(runtime);
  is_out_of_memory_ = true;
  ask_to_wake_soon();
  step();
  EXPECT_FALSE(service_.is_connected());
  EXPECT_THAT(log_.back(), HasSubstr("not connected to the runtime: an exception: std::bad_alloc"));
  is_out_of_memory_ = false;
  const auto since = Service::Clock::now();
  while (!service_.is_connected() && Service::Clock::now() - since < 10s) {
    ask_to_wake_soon();
    step();
  }
  EXPECT_TRUE(service_.is_connected());
  EXPECT_GT(Service::Clock::now() - since, 400ms) << "not at once: what is missing is missing still";
}

TEST_F(ServiceTest, ARuntimeThatTalksGarbageIsLeft) {
  Listener runtime(options_.nri_socket);
  connect(runtime);
  runtime.write(std::string("\x00\x00\x00\x01\x00\x00\x10\x00\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", 18));
  step();
  EXPECT_FALSE(service_.is_connected());
  EXPECT_THAT(log_.back(), HasSubstr("a message of 4294967295 bytes"));
}

TEST_F(ServiceTest, AnOldContainerdEndsIt) {
  Listener runtime(options_.nri_socket);
  connect(runtime);
  runtime.write(Runtime().call("Configure", Runtime::configure("1.7.15")));
  EXPECT_THAT(service_.step().error().message(), HasSubstr("too old for NRI"));
}

}  // namespace
}  // namespace netclsd::nri
