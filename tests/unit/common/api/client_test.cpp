#include "common/api/client.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>

#include "common/api/messages.h"
#include "tests/unit/common/api/unix_server.h"
#include "tests/unit/common/fault_in_test.h"

namespace netclsd {
namespace {

using namespace std::chrono_literals;
using std::chrono::steady_clock;
using ::testing::HasSubstr;

const ApiRequest kStatus{.method = HttpMethod::kGet, .target = "/v1/status", .body = {}};
constexpr const char* kEndOfHeader = "\r\n\r\n";

TEST(ClientTest, SendsTheRequestAndReturnsStatusAndBody) {
  std::string seen;
  Result<ApiResponse> answer;
  {
    const UnixServer server([&](int connection) {
      seen = receive_until(connection, "{\"pid\":1}");
      send_text(connection, "HTTP/1.1 201 Created\r\nContent-Length: 2\r\n\r\n{}");
    });
    answer = call_agent(server.path(),
                        {.method = HttpMethod::kPut, .target = "/v1/containers/ab12", .body = "{\"pid\":1}"}, 5s);
  }
  ASSERT_TRUE(answer) << answer.error().message();
  EXPECT_EQ(answer->status, 201);
  EXPECT_EQ(answer->body, "{}");
  EXPECT_THAT(seen, HasSubstr("PUT /v1/containers/ab12 HTTP/1.1\r\n"));
  EXPECT_THAT(seen, HasSubstr("Content-Length: 9\r\n"));
  EXPECT_THAT(seen, HasSubstr("Content-Type: application/json\r\n"));
}

TEST(ClientTest, AnswersWithoutABodyAndChunkedOnesAreUnderstood) {
  const UnixServer empty([](int connection) {
    receive_until(connection, kEndOfHeader);
    send_text(connection, "HTTP/1.1 204 No Content\r\n\r\n");
  });
  EXPECT_EQ(call_agent(empty.path(), kStatus, 5s)->status, 204);
  const UnixServer chunked([](int connection) {
    receive_until(connection, kEndOfHeader);
    send_text(connection, "HTTP/1.1 503 Busy\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n\r\n");
  });
  EXPECT_EQ(call_agent(chunked.path(), kStatus, 5s)->body, "ab");
}

TEST(ClientTest, NobodyThereIsUnavailableAndNamesTheSocket) {
  const auto answer = call_agent("/nonexistent/agent.sock", kStatus, 5s);
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code(), ErrorCode::kUnavailable);
  EXPECT_EQ(answer.error().message(), "agent at /nonexistent/agent.sock is not reachable: No such file or directory");
}

TEST(ClientTest, ASocketNobodyListensToIsRefused) {
  const TemporaryDirectory directory;
  const UniqueFd bound(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::string path = directory.path("agent.sock");
  std::memcpy(address.sun_path, path.data(), path.size());
  const void* generic = &address;
  ASSERT_EQ(::bind(bound.get(), static_cast<const sockaddr*>(generic), sizeof address), 0);
  EXPECT_THAT(call_agent(path, kStatus, 5s).error().message(), HasSubstr("Connection refused"));
}

TEST(ClientTest, APathTooLongForASocketIsUnavailable) {
  EXPECT_EQ(call_agent("/" + std::string(200, 'a'), kStatus, 5s).error().code(), ErrorCode::kUnavailable);
}

TEST(ClientTest, AnAgentThatNeverAnswersTakesNoLongerThanTheTimeout) {
  const UnixServer server([](int connection) { receive_until(connection, ""); });
  const auto start = steady_clock::now();
  const auto answer = call_agent(server.path(), kStatus, 100ms);
  const auto took = steady_clock::now() - start;
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().message(), "agent at " + server.path() + " did not answer within 100ms");
  EXPECT_GE(took, 100ms);
  EXPECT_LT(took, 2s);
}

TEST(ClientTest, AnAgentThatDripsItsAnswerTakesNoLongerThanTheTimeout) {
  const UnixServer server([](int connection) {
    send_text(connection, "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n");
    for (int i = 0; i < 20; ++i) {
      send_text(connection, "x");
      std::this_thread::sleep_for(20ms);
    }
  });
  EXPECT_THAT(call_agent(server.path(), kStatus, 100ms).error().message(), HasSubstr("did not answer within 100ms"));
}

TEST(ClientTest, AFullBacklogIsWaitedForUntilTheTimeout) {
  const TemporaryDirectory directory;
  const UniqueFd listener(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::string path = directory.path("agent.sock");
  std::memcpy(address.sun_path, path.data(), path.size());
  const void* generic = &address;
  ASSERT_EQ(::bind(listener.get(), static_cast<const sockaddr*>(generic), sizeof address), 0);
  ASSERT_EQ(::listen(listener.get(), 0), 0);
  const UniqueFd filler(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  ASSERT_EQ(::connect(filler.get(), static_cast<const sockaddr*>(generic), sizeof address), 0);
  EXPECT_THAT(call_agent(path, kStatus, 50ms).error().message(), HasSubstr("did not answer within 50ms"));
}

TEST(ClientTest, AnAgentThatClosesEarlyIsUnavailable) {
  const UnixServer silent([](int connection) { receive_until(connection, kEndOfHeader); });
  EXPECT_THAT(call_agent(silent.path(), kStatus, 5s).error().message(), HasSubstr("closed the connection"));
  const UnixServer partial([](int connection) {
    receive_until(connection, kEndOfHeader);
    send_text(connection, "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc");
  });
  EXPECT_THAT(call_agent(partial.path(), kStatus, 5s).error().message(), HasSubstr("within its answer"));
}

TEST(ClientTest, AnAnswerThatIsNotHttpIsUnavailable) {
  const UnixServer server([](int connection) {
    receive_until(connection, kEndOfHeader);
    send_text(connection, "220 smtp ready\r\n\r\n");
  });
  EXPECT_THAT(call_agent(server.path(), kStatus, 5s).error().message(), HasSubstr("broke the connection"));
}

TEST(ClientTest, AnOversizedAnswerIsTooLarge) {
  const UnixServer server([](int connection) {
    receive_until(connection, kEndOfHeader);
    send_text(connection, "HTTP/1.1 200 OK\r\nContent-Length: 16777217\r\n\r\n");
  });
  EXPECT_EQ(call_agent(server.path(), kStatus, 5s).error().code(), ErrorCode::kTooLarge);
}

TEST(ClientTest, AnEarlyRefusalOfALargeBodyIsHeard) {
  const UnixServer server([](int connection) {
    receive_until(connection, kEndOfHeader);
    send_text(connection, "HTTP/1.1 413 Content Too Large\r\nContent-Length: 0\r\n\r\n");
    receive_until(connection, "");
  });
  const ApiRequest large{.method = HttpMethod::kPut, .target = "/", .body = std::string(100'000, 'x')};
  EXPECT_EQ(call_agent(server.path(), large, 5s)->status, 413);
}

TEST(ClientTest, AConnectionThatFailsAtAnyStepIsUnavailable) {
  if (!kHasFaultPoints) GTEST_SKIP() << "this build has no fault points";
  const UnixServer server([](int) {});
  const auto complaint = [&](FaultPoint point, int error) {
    const FaultInTest fault(point, error);
    return call_agent(server.path(), kStatus, 5s).error().message();
  };
  EXPECT_THAT(complaint(FaultPoint::kAgentConnect, ECONNREFUSED), HasSubstr("is not reachable: Connection refused"));
  EXPECT_THAT(complaint(FaultPoint::kAgentConnect, EAGAIN), HasSubstr("did not answer within 5000ms"));
  EXPECT_THAT(complaint(FaultPoint::kAgentWrite, EPIPE), HasSubstr("broke the connection: Broken pipe"));
}

TEST(ClientTest, AnAnswerThatIsLostIsUnavailableAlthoughTheAgentGaveIt) {
  if (!kHasFaultPoints) GTEST_SKIP() << "this build has no fault points";
  const UnixServer server([](int connection) {
    receive_until(connection, kEndOfHeader);
    send_text(connection, "HTTP/1.1 204 No Content\r\n\r\n");
  });
  const FaultInTest fault(FaultPoint::kAgentRead, ECONNRESET);
  EXPECT_THAT(call_agent(server.path(), kStatus, 5s).error().message(), HasSubstr("Connection reset by peer"));
}

TEST(ProblemDetailTest, IsTheDetailOrTheWholeBody) {
  EXPECT_EQ(problem_detail({.status = 409, .body = R"({"detail":"pid 7 is gone"})"}), "pid 7 is gone");
  EXPECT_EQ(problem_detail({.status = 500, .body = "boom"}), "boom");
  EXPECT_EQ(problem_detail({.status = 500, .body = R"({"detail":7})"}), R"({"detail":7})");
}

TEST(ClientTest, TheAgentThatWantsNetClsMountedIsUnderstood) {
  EXPECT_TRUE(wants_net_cls_mounted({503, problem_json(503, "first mount it", kNotMountedProblem)}));
  EXPECT_FALSE(wants_net_cls_mounted({503, problem_json(503, "busy")}));
  EXPECT_FALSE(wants_net_cls_mounted({200, problem_json(503, "first mount it", kNotMountedProblem)}));
  EXPECT_FALSE(wants_net_cls_mounted({503, "<html>"}));
}

}  // namespace
}  // namespace netclsd
