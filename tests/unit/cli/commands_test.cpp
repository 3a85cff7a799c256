#include "cli/commands.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/common/temporary_directory.h"

namespace netclsd::cli {
namespace {

using ::testing::HasSubstr;

class CommandsTest : public testing::Test {
 protected:
  CommandsTest() { root_.write("proc/4711/stat", "4711 (sh) S 1 1 1 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 100 0 0\n"); }
  CommandResult run(Command command, OutputFormat format = OutputFormat::kTable) {
    Arguments arguments;
    arguments.format = format;
    arguments.command = std::move(command);
    const AskAgent ask = [this](const ApiRequest& request) {
      asked_ = request;
      ++questions_;
      return first_answer_ && questions_ == 1 ? *first_answer_ : answer_;
    };
    return run_command(arguments, ask, mounting_, root_.path());
  }
  void agent_answers(int status, const std::string& body) { answer_ = ApiResponse{status, body}; }

  TemporaryDirectory root_;
  Result<ApiResponse> answer_ = ApiResponse{200, "{}"};
  ApiRequest asked_;
  std::optional<ApiResponse> first_answer_;
  int questions_ = 0;
  std::vector<std::string> mounting_calls_;
  bool may_mount_ = true;
  const Mounting mounting_{.hold_if_mounted = [](SteadyTime) { return MountHold(); },
                           .hold_mounted = [this](SteadyTime) -> Result<MountHold> {
                             mounting_calls_.emplace_back("mount");
                             if (!may_mount_) return failure(ErrorCode::kSystem, "mount net_cls at /m: no");
                             return MountHold();
                           },
                           .hold_some_mounted = {},
                           .unmount_if_unused = [this](MountAgent, SteadyTime) -> Result<Unmounted> {
                             mounting_calls_.emplace_back("unmount");
                             return failure(ErrorCode::kSystem, "unmount /m: no");
                           }};
};

const ContainerId kId = *ContainerId::parse("ab12");

TEST_F(CommandsTest, StatusIsDegradedWhileNotReady) {
  agent_answers(200, R"({"ready":true})");
  EXPECT_EQ(run(StatusCommand{}).exit_status, 0);
  EXPECT_EQ(asked_.target, "/v1/status");
  agent_answers(200, R"({"ready":false})");
  EXPECT_EQ(run(StatusCommand{}).exit_status, 3);
}

TEST_F(CommandsTest, JsonIsPassedThrough) {
  agent_answers(200, R"({"containers":[]})");
  EXPECT_EQ(run(ListCommand{}, OutputFormat::kJson).text, "{\"containers\":[]}\n");
  EXPECT_EQ(run(ListCommand{}).text, "no containers\n");
}

TEST_F(CommandsTest, RegisterSendsTheStartTimeAndTheAnnotation) {
  agent_answers(201, R"({"managed":true,"id":"ab12"})");
  EXPECT_EQ(run(RegisterCommand{kId, Pid{4711}, *ClassId::parse("10:1")}).exit_status, 0);
  EXPECT_EQ(asked_.method, HttpMethod::kPut);
  EXPECT_EQ(asked_.target, "/v1/containers/ab12");
  const auto request = parse_register_request(asked_.body);
  ASSERT_TRUE(request);
  EXPECT_EQ(request->start_time, StartTime{100});
  EXPECT_EQ(request->annotations, (Annotations{{"netclsd.io/classid", "10:1"}}));
  EXPECT_EQ(request->source, RegistrationSource::kApi);
  run(RegisterCommand{kId, Pid{4711}, ClassName{"gold"}});
  EXPECT_EQ(parse_register_request(asked_.body)->annotations, (Annotations{{"netclsd.io/class", "gold"}}));
}

TEST_F(CommandsTest, RegisteringAProcessThatIsNotThereFailsWithoutAsking) {
  const CommandResult result = run(RegisterCommand{kId, Pid{7}, ClassName{"gold"}});
  EXPECT_EQ(result.exit_status, 1);
  EXPECT_EQ(result.error, "there is no process 7");
  EXPECT_EQ(asked_.target, "");
}

TEST_F(CommandsTest, ReleaseIsForced) {
  agent_answers(204, "");
  const CommandResult result = run(ReleaseCommand{kId});
  EXPECT_EQ(result.exit_status, 0);
  EXPECT_EQ(result.text, "released ab12\n");
  EXPECT_EQ(asked_.method, HttpMethod::kDelete);
  EXPECT_EQ(asked_.target, "/v1/containers/ab12?force=true");
}

TEST_F(CommandsTest, RegisterMountsWhatTheAgentNeedsMounted) {
  first_answer_ = ApiResponse{503, problem_json(503, "mount it first", kNotMountedProblem)};
  agent_answers(201, R"({"managed":true,"id":"ab12"})");
  EXPECT_EQ(run(RegisterCommand{kId, Pid{4711}, ClassName{"gold"}}).exit_status, 0);
  EXPECT_EQ(questions_, 2);
  EXPECT_EQ(mounting_calls_, std::vector<std::string>{"mount"});
  questions_ = 0;
  may_mount_ = false;
  EXPECT_EQ(run(RegisterCommand{kId, Pid{4711}, ClassName{"gold"}}).error, "mount net_cls at /m: no");
  EXPECT_EQ(questions_, 1);
}

TEST_F(CommandsTest, ReleaseLeavesTheMountToOthersWhereItCannotUnmount) {
  agent_answers(204, "");
  EXPECT_EQ(run(ReleaseCommand{kId}).exit_status, 0);
  EXPECT_EQ(mounting_calls_, std::vector<std::string>{"unmount"});
}

TEST_F(CommandsTest, ASweepThatCouldNotMoveAllIsDegraded) {
  agent_answers(200, R"({"failed":0})");
  EXPECT_EQ(run(SweepCommand{}).exit_status, 0);
  EXPECT_EQ(asked_.method, HttpMethod::kPost);
  agent_answers(200, R"({"failed":2})");
  EXPECT_EQ(run(SweepCommand{}).exit_status, 3);
}

TEST_F(CommandsTest, ProblemsAreToldByTheirDetail) {
  agent_answers(404, problem_json(404, "no container ab12"));
  const CommandResult result = run(ShowCommand{kId});
  EXPECT_EQ(result.exit_status, 1);
  EXPECT_EQ(result.text, "");
  EXPECT_EQ(result.error, "no container ab12 (404)");
}

TEST_F(CommandsTest, AnAgentAwayOrNotSpeakingJsonIsAFailure) {
  answer_ = failure(ErrorCode::kUnavailable, "agent at /s is not reachable");
  EXPECT_EQ(run(ExplainCommand{Pid{7}}).error, "agent at /s is not reachable");
  agent_answers(200, "<html>");
  EXPECT_THAT(run(ExplainCommand{Pid{7}}).error, HasSubstr("the agent's answer is not JSON"));
}

}  // namespace
}  // namespace netclsd::cli
