// The hook with a host, an agent and a mount of the test's own.
#pragma once

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <optional>
#include <string>
#include <vector>

#include "common/base/file.h"
#include "hook/hook.h"
#include "tests/unit/hook/fake_host.h"

namespace netclsd::hook {

class HookTest : public testing::Test {
 protected:
  HookTest() {
    options_.socket = "/s";
    options_.spool = host_.path("spool");
  }

  [[nodiscard]] std::string state(const std::string& status = "creating", const std::string& more = "") const {
    return R"({"id":"ab12","status":")" + status + R"(","pid":4711,"bundle":")" + host_.path("bundle") + "\"" + more +
           "}";
  }

  Outcome run(const std::string& state_text) {
    const std::string file = host_.path("state");
    const UniqueFd out(::open(file.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
    EXPECT_EQ(::pwrite(out.get(), state_text.data(), state_text.size(), 0), std::ssize(state_text));
    const HookWorld world{
        .state_fd = out.get(),
        .proc = host_.path("proc"),
        .ask_agent = [this](const ApiRequest& request, std::chrono::milliseconds timeout) -> Result<ApiResponse> {
          requests_.push_back(request);
          agent_timeout_ = timeout;
          if (first_answer_ && requests_.size() == 1) return *first_answer_;
          return answer_;
        },
        .mounting = mounting_,
        .on_subject = [this](const Subject& subject) { subject_ = subject; }};
    return run_hook(options_, world, Deadline::after(options_.timeout));
  }

  void agent_is_away() { answer_ = failure(ErrorCode::kUnavailable, "agent at /s is not reachable: No such file"); }
  void agent_answers(int status, const std::string& detail = "why") {
    answer_ = ApiResponse{status, problem_json(status, detail)};
  }

  void agent_wants_net_cls_mounted() {
    first_answer_ = ApiResponse{503, problem_json(503, "mount it first", kNotMountedProblem)};
  }

  FakeHookHost host_;
  HookOptions options_;
  std::vector<std::string> mounting_calls_;
  Result<MountHold> hold_ = MountHold();
  Result<Unmounted> unmounted_ = Unmounted::kNotMounted;
  const Mounting mounting_{
      .hold_if_mounted =
          [this](SteadyTime) {
            mounting_calls_.emplace_back("hold if mounted");
            return MountHold();
          },
      .hold_mounted = [this](SteadyTime) { return hold("mount"); },
      .hold_some_mounted = [this](SteadyTime) { return hold("mount unless others have"); },
      .unmount_if_unused =
          [this](MountAgent agent, SteadyTime) {
            mounting_calls_.emplace_back(agent == MountAgent::kAnswers ? "unmount" : "unmount alone");
            return unmounted_;
          }};
  Result<MountHold> hold(const char* call) {
    mounting_calls_.emplace_back(call);
    return hold_ ? Result<MountHold>(MountHold()) : Result<MountHold>(pass_on(hold_.error()));
  }
  std::optional<ApiResponse> first_answer_;
  Result<ApiResponse> answer_ = ApiResponse{201, "{}"};
  std::vector<ApiRequest> requests_;
  std::chrono::milliseconds agent_timeout_{0};
  Subject subject_;
};

}  // namespace netclsd::hook
