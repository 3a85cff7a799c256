#include "agent/sources/api_server.h"

#include <gmock/gmock.h>
#include <sys/stat.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "server_fixture.h"

namespace netclsd {
namespace {

using nlohmann::json;
using testing::HasSubstr;

constexpr const char* kBody = R"({"pid": 42, "source": "hook"})";

class ApiServerTest : public ServerFixture {
 protected:
  void SetUp() override {
    ServerFixture::SetUp();
    start();
  }
};

void expect_problem(const RawResponse& response, int status, const std::string& detail) {
  EXPECT_EQ(response.status, status);
  EXPECT_THAT(response.head, HasSubstr("Content-Type: application/problem+json"));
  const json problem = json::parse(response.body, nullptr, false);
  ASSERT_TRUE(problem.is_object()) << response.body;
  EXPECT_EQ(problem["status"], status);
  EXPECT_THAT(problem["detail"].get<std::string>(), HasSubstr(detail));
}

TEST_F(ApiServerTest, RegisteringAnswers201WhenNewAnd200WhenKnown) {
  const RawResponse first = request("PUT /v1/containers/ab12", kBody);
  EXPECT_EQ(first.status, 201);
  EXPECT_EQ(json::parse(first.body)["id"], "ab12");
  EXPECT_EQ(json::parse(first.body)["managed"], true);
  EXPECT_EQ(service_.registered_pid, Pid{42});
  service_.is_new = false;
  EXPECT_EQ(request("PUT /v1/containers/ab12", kBody).status, 200);
}

TEST_F(ApiServerTest, RegisteringWhatNoClassAppliesToAnswersManagedFalse) {
  service_.is_managed = false;
  const RawResponse response = request("PUT /v1/containers/ab12", kBody);
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(json::parse(response.body), json({{"managed", false}}));
}

TEST_F(ApiServerTest, ReleasingAnswers204AndIsAHintUnlessForced) {
  EXPECT_EQ(request("DELETE /v1/containers/ab12").status, 204);
  EXPECT_FALSE(service_.was_forced);
  EXPECT_EQ(request("DELETE /v1/containers/ab12?force=true").status, 204);
  EXPECT_TRUE(service_.was_forced);
  expect_problem(request("DELETE /v1/containers/ab12?force=maybe"), 400, "force is true or false");
}

TEST_F(ApiServerTest, ListsAndShowsContainersAndExplainsProcesses) {
  EXPECT_EQ(json::parse(request("GET /v1/containers").body)["containers"].size(), 2U);
  EXPECT_EQ(json::parse(request("GET /v1/containers/ab12").body)["processes"][0]["comm"], "sleep");
  expect_problem(request("GET /v1/containers/none"), 404, "container none is not registered");
  EXPECT_EQ(json::parse(request("GET /v1/processes/4711").body)["pid"], 4711);
}

TEST_F(ApiServerTest, SweepsOnPostWithAndWithoutAContentLength) {
  EXPECT_EQ(json::parse(request("POST /v1/sweep").body)["moved"], 7);
  const RawResponse response = ask("POST /v1/sweep HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_EQ(response.status, 200) << "a POST without a length must not wait for a body";
}

TEST_F(ApiServerTest, EveryErrorOfTheServiceBecomesItsStatus) {
  const std::vector<std::pair<ErrorCode, int>> expected = {{ErrorCode::kInvalid, 400},  {ErrorCode::kForbidden, 403},
                                                           {ErrorCode::kNotFound, 404}, {ErrorCode::kConflict, 409},
                                                           {ErrorCode::kTooLarge, 413}, {ErrorCode::kUnavailable, 503},
                                                           {ErrorCode::kSystem, 500}};
  for (const auto& [code, status] : expected) {
    service_.error = Error(code, "because of the test");
    expect_problem(request("PUT /v1/containers/ab12", kBody), status, "because of the test");
    expect_problem(request("DELETE /v1/containers/ab12"), status, "because of the test");
    expect_problem(request("GET /v1/containers"), status, "because of the test");
  }
}

TEST_F(ApiServerTest, AnExceptionOfALibraryBecomes500) {
  expect_problem(request("GET /v1/status"), 500, "a library threw");
}

TEST_F(ApiServerTest, MalformedIdsPidsAndBodiesNeverReachTheService) {
  expect_problem(request("PUT /v1/containers/..", kBody), 400, "");
  expect_problem(request("PUT /v1/containers/a%0ab", kBody), 400, "");
  expect_problem(request("PUT /v1/containers/" + std::string(201, 'a'), kBody), 400, "");
  expect_problem(request("PUT /v1/containers/ab12", "{"), 400, "");
  expect_problem(request("PUT /v1/containers/ab12", ""), 400, "");
  expect_problem(request("GET /v1/processes/0"), 400, "not a pid");
  expect_problem(request("GET /v1/processes/4294967297"), 400, "not a pid");
  expect_problem(request("GET /v1/processes/-1"), 400, "not a pid");
  EXPECT_EQ(service_.calls, 0);
}

TEST_F(ApiServerTest, UnknownPathsAndMethodsAre404) {
  expect_problem(request("GET /v2"), 404, "nothing at this path");
  expect_problem(request("POST /v1/containers/ab12", kBody), 404, "nothing at this path");
  expect_problem(request("PUT /v1/containers/a/b", kBody), 404, "nothing at this path");
  expect_problem(request("PUT /v1/containers/a%2fb", kBody), 404, "nothing at this path");
}

TEST_F(ApiServerTest, ProbesAnswerOnBothListeners) {
  readiness_.set({});
  for (const char* path : {"GET /livez", "GET /readyz", "GET /metrics", "GET /"}) {
    EXPECT_EQ(request(path).status, 200) << path;
    EXPECT_EQ(request_tcp(path).status, 200) << path;
  }
  EXPECT_EQ(request("GET /livez").body, "ok\n");
  EXPECT_THAT(request_tcp("GET /").body, HasSubstr("href=\"/metrics\""));
}

TEST_F(ApiServerTest, MetricsShowTheCountersAsTheyAre) {
  counters_.overruns.add(3);
  const RawResponse response = request_tcp("GET /metrics");
  EXPECT_THAT(response.head, HasSubstr("Content-Type: text/plain; version=0.0.4"));
  EXPECT_THAT(response.body, HasSubstr("\nnetclsd_overruns_total 3\n"));
}

TEST_F(ApiServerTest, ReadinessNamesItsReasonsAndBeginsAsNotReady) {
  EXPECT_EQ(request_tcp("GET /readyz").status, 503);
  readiness_.set({"first sweep not done", "no events heard"});
  const RawResponse response = request_tcp("GET /readyz");
  EXPECT_EQ(response.status, 503);
  EXPECT_EQ(response.body, "not ready\n- first sweep not done\n- no events heard\n");
  readiness_.set({});
  EXPECT_EQ(request_tcp("GET /readyz").status, 200);
}

TEST_F(ApiServerTest, TcpServesNothingUnderV1AndNothingThatWrites) {
  expect_problem(request_tcp("GET /v1/containers"), 404, "");
  expect_problem(request_tcp("GET /v1/status"), 404, "");
  expect_problem(request_tcp("PUT /v1/containers/ab12"), 405, "only GET");
  expect_problem(request_tcp("POST /v1/sweep"), 405, "only GET");
  expect_problem(request_tcp("DELETE /v1/containers/ab12"), 405, "only GET");
  EXPECT_EQ(service_.calls, 0);
}

TEST_F(ApiServerTest, TheSocketIsForItsOwnerAlone) {
  struct stat found {};
  ASSERT_EQ(::lstat(options_.socket_path.c_str(), &found), 0);
  EXPECT_TRUE(S_ISSOCK(found.st_mode));
  EXPECT_EQ(found.st_mode & 0777, 0600U);
  EXPECT_FALSE(std::filesystem::exists(options_.socket_path + ".new"));
}

TEST_F(ApiServerTest, StoppingRemovesTheSocketAndMayBeRepeated) {
  server_->stop();
  EXPECT_FALSE(std::filesystem::exists(options_.socket_path));
  server_->stop();
}

TEST_F(ApiServerTest, AStoppedServersSuccessorKeepsItsSocket) {
  ApiServerOptions options = options_;
  options.listen.reset();
  ApiServer successor(options, service_, counters_, readiness_);
  ASSERT_TRUE(successor.listen());
  ASSERT_TRUE(successor.serve());
  server_->stop();
  EXPECT_EQ(request("GET /livez").status, 200);
}

TEST_F(ApiServerTest, AStaleSocketIsReplaced) {
  std::filesystem::create_hard_link(options_.socket_path, directory_ + "/stale");
  server_->stop();
  std::filesystem::rename(directory_ + "/stale", options_.socket_path);
  EXPECT_FALSE(connect_unix(options_.socket_path).is_open());
  start();
  EXPECT_EQ(request("GET /livez").status, 200);
}

TEST_F(ApiServerTest, AFileThatIsNoSocketIsNotReplaced) {
  server_->stop();
  std::ofstream(options_.socket_path) << "precious";
  ApiServer server(options_, service_, counters_, readiness_);
  const auto started = server.listen();
  ASSERT_FALSE(started);
  EXPECT_THAT(started.error().message(), HasSubstr("is no socket"));
  EXPECT_TRUE(std::filesystem::exists(options_.socket_path));
}

TEST_F(ApiServerTest, ATakenTcpPortIsAnErrorThatNamesIt) {
  ApiServerOptions same = options_;
  same.listen = ListenAddress{"127.0.0.1", server_->tcp_port()};
  ApiServer second(same, service_, counters_, readiness_);
  const auto started = second.listen();
  ASSERT_FALSE(started);
  EXPECT_THAT(started.error().message(),
              HasSubstr("bind 127.0.0.1 port " + std::to_string(server_->tcp_port()) + ": Address already in use"));
  EXPECT_EQ(request("GET /livez").status, 200) << "the first one's socket must be left alone";
}

}  // namespace
}  // namespace netclsd
