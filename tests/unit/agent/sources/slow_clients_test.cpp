// Clients that send slowly, not at all, or do not read, never keep others waiting.
#include <gmock/gmock.h>
#include <sys/socket.h>

#include <functional>
#include <thread>

#include "server_fixture.h"

namespace netclsd {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr const char* kRegistration = R"({"pid": 42, "source": "hook"})";
constexpr std::size_t kConnectionsMax = 64;
constexpr std::size_t kSlow = 60;

class SlowClientsTest : public ServerFixture {
 protected:
  std::vector<UniqueFd> connect_many(std::size_t count, const std::string& text) {
    std::vector<UniqueFd> clients(count);
    for (UniqueFd& client : clients) {
      client = connect_unix(options_.socket_path);
      send_text(client, text);
    }
    return clients;
  }

  // How many of so many requests, PUT and GET in turn, are answered as they should be.
  int answered_of(
      int requests, const std::function<void()>& after_each = [] {}) {
    const auto begin = steady_clock::now();
    steady_clock::duration longest{};
    int answered = 0;
    for (int i = 0; i < requests; ++i) {
      const auto sent = steady_clock::now();
      if (i % 2 == 0) answered += request("PUT /v1/containers/ab12", kRegistration).status == 201 ? 1 : 0;
      if (i % 2 == 1) answered += request("GET /v1/containers/ab12").status == 200 ? 1 : 0;
      longest = std::max(longest, steady_clock::now() - sent);
      after_each();
    }
    print("mean", (steady_clock::now() - begin) / requests);
    print("longest", longest);
    return answered;
  }

 private:
  static void print(const char* what, steady_clock::duration duration) {
    std::printf("  %s %.3f ms\n", what, std::chrono::duration<double, std::milli>(duration).count());
  }
};

// The time that all of them together would take if one after the other were waited for is minutes.
TEST_F(SlowClientsTest, AThousandRequestsAreAnsweredWhile60ClientsSendAByteATime) {
  options_.request_timeout = std::chrono::hours{1};
  // Room for the good client's next connection, which can come before its last ones are counted as closed: by each
  // worker one.
  options_.connections_max = kSlow + options_.workers + 1;
  start();
  const auto slow = connect_many(kSlow, "PUT /v1/containers/");
  // In step with the good client, however fast that is: an id has 200 characters at most.
  int answers = 0;
  const auto trickle = [&] {
    if (++answers % 10 != 0) return;
    for (const UniqueFd& each : slow) send_text(each, "a");
  };
  EXPECT_EQ(answered_of(1000, trickle), 1000);
  std::size_t still_there = 0;
  for (const UniqueFd& each : slow) {
    const RawResponse response =
        netclsd::exchange(each, " HTTP/1.1\r\nContent-Length: 29\r\n\r\n" + std::string(kRegistration));
    still_there += response.status == 201 ? 1 : 0;
  }
  EXPECT_EQ(still_there, slow.size());
}

TEST_F(SlowClientsTest, IdleClientsMakeRoomForNewOnesHoweverManyTheyAre) {
  options_.request_timeout = std::chrono::seconds{60};
  start();
  const auto idle = connect_many(3 * kConnectionsMax, "");
  EXPECT_EQ(answered_of(200), 200);
  EXPECT_EQ(receive(idle.front()).status, 0) << "the oldest was dropped";
}

TEST_F(SlowClientsTest, ClientsThatDoNotReadTheirLargeAnswersKeepNobodyWaiting) {
  service_.listed_min = 2'000;  // more than a socket's buffer holds
  options_.request_timeout = std::chrono::seconds{60};
  start();
  const auto deaf = connect_many(kConnectionsMax, request_text("GET /v1/containers"));
  while (service_.calls < static_cast<int>(kConnectionsMax)) std::this_thread::yield();
  EXPECT_EQ(answered_of(200), 200);
}

TEST_F(SlowClientsTest, HalfOpenClientsOfTheTcpListenerDelayNoProbe) {
  options_.request_timeout = std::chrono::seconds{60};
  start();
  std::vector<UniqueFd> idle(2 * kConnectionsMax);
  for (UniqueFd& each : idle) each = connect_tcp(server_->tcp_port());
  EXPECT_EQ(request_tcp("GET /livez").status, 200);
  EXPECT_EQ(request_tcp("GET /metrics").status, 200);
}

TEST_F(SlowClientsTest, AnAnswerThatIsUnderWayIsTakenToItsEndWhenTheServerStops) {
  service_.listed_min = 10'000;
  start();
  const UniqueFd client = connect_unix(options_.socket_path);
  send_text(client, request_text("GET /v1/containers"));
  while (service_.calls == 0) std::this_thread::yield();
  std::this_thread::sleep_for(milliseconds{100});
  RawResponse response;
  std::thread reader([&] {
    std::this_thread::sleep_for(milliseconds{100});
    response = receive(client);
  });
  server_->stop();
  reader.join();
  EXPECT_EQ(response.status, 200);
  EXPECT_TRUE(response.body.ends_with("]}")) << response.body.size();
}

TEST_F(SlowClientsTest, StoppingWaitsForADeafClientNoLongerThanItsTime) {
  service_.listed_min = 10'000;
  options_.request_timeout = milliseconds{300};
  start();
  const auto deaf = connect_many(3, request_text("GET /v1/containers"));
  while (service_.calls < 3) std::this_thread::yield();
  server_->stop();  // and returns: nobody ever reads what the three are owed
}

}  // namespace
}  // namespace netclsd
