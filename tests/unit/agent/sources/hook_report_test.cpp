#include "agent/sources/hook_report.h"

#include <gtest/gtest.h>

#include <string>

namespace netclsd {
namespace {

constexpr const char* kDegraded = R"({"version": 1, "written_at": "2026-11-29T01:00:00Z", "state": "degraded",
  "message": "restart containerd", "runtimes": [
    {"runtime": "containerd", "state": "restart_needed", "message": "runs since before the change",
     "not_read_by": {"pid": 123, "start_time": 4567}},
    {"runtime": "podman", "state": "ok", "message": ""}]})";

const auto kNobodyLives = [](const ProcessKey&) { return false; };
const auto kAllLive = [](const ProcessKey&) { return true; };

std::string with_runtimes(const std::string& list) {
  return R"({"version": 1, "state": "degraded", "runtimes": )" + list + "}";
}

TEST(HookReportTest, IsReadAsItIsWritten) {
  const auto report = parse_hook_report(kDegraded);
  ASSERT_TRUE(report.has_value()) << report.error().message();
  EXPECT_EQ(report->state, HookState::kDegraded);
  EXPECT_EQ(report->message, "restart containerd");
  EXPECT_EQ(report->written_at, "2026-11-29T01:00:00Z");
  ASSERT_EQ(report->runtimes.size(), 2U);
  EXPECT_EQ(report->runtimes[0].runtime, HookRuntime::kContainerd);
  EXPECT_EQ(report->runtimes[0].state, RuntimeState::kRestartNeeded);
  EXPECT_EQ(report->runtimes[0].not_read_by, (ProcessKey{Pid{123}, StartTime{4567}}));
  EXPECT_EQ(report->runtimes[1].runtime, HookRuntime::kPodman);
}

TEST(HookReportTest, WhatItDoesNotNeedMayBeMissing) {
  const auto report = parse_hook_report(R"({"version": 1, "state": "disabled"})");
  ASSERT_TRUE(report.has_value());
  EXPECT_TRUE(report->runtimes.empty());
  EXPECT_EQ(report->message, "");
}

TEST(HookReportTest, ALaterVersionsRuntimeIsLeftOut) {
  const auto report = parse_hook_report(with_runtimes(R"([{"runtime": "youki", "state": "odd"},
                                                          {"runtime": "crio", "state": "missing"}])"));
  ASSERT_TRUE(report.has_value());
  ASSERT_EQ(report->runtimes.size(), 1U);
  EXPECT_EQ(report->runtimes[0].runtime, HookRuntime::kCrio);
}

TEST(HookReportTest, OtherTextsAreRefusedByName) {
  struct Case {
    std::string text;
    const char* message;
  };
  const std::string many = "[" + [] {
    std::string items = "{}";
    for (int i = 0; i < 16; ++i) items += ",{}";
    return items;
  }() + "]";
  for (const auto& [text, message] : {
           Case{"", "the report is empty"},
           Case{"[]", "the report is not a JSON object"},
           Case{R"({"version": 1})", "state is missing"},
           Case{R"({"state": "ok"})", "version is missing"},
           Case{R"({"version": 2, "state": "ok"})", "version is not 1"},
           Case{R"({"version": "1", "state": "ok"})", "version is not a whole number from 0 to 18446744073709551615"},
           Case{R"({"version": 1, "state": "fine"})", R"(state is "fine", which is not known)"},
           Case{R"({"version": 1, "state": "unreadable"})", R"(state is "unreadable", which is not known)"},
           Case{R"({"version": 1, "state": "ok", "message": 7})", "message is not a text"},
           Case{with_runtimes("{}"), "runtimes is not a list of at most 16"},
           Case{with_runtimes(many), "runtimes is not a list of at most 16"},
           Case{with_runtimes("[7]"), "runtimes[0]: runtime is inside of something that is not an object"},
           Case{with_runtimes(R"([{"state": "ok"}])"), "runtimes[0]: runtime is missing"},
           Case{with_runtimes(R"([{"runtime": "crio", "state": "odd"}])"),
                R"(runtimes[0]: state is "odd", which is not known)"},
           Case{with_runtimes(R"([{"runtime": "crio", "state": "ok"}, {"runtime": "crio", "state": "ok"}])"),
                "runtimes has one of them twice"},
           Case{with_runtimes(R"([{"runtime": "crio", "state": "ok", "not_read_by": {"pid": -1}}])"),
                "runtimes[0]: not_read_by.pid is not a whole number from 0 to 2147483647"},
       }) {
    const auto report = parse_hook_report(text);
    ASSERT_FALSE(report.has_value()) << text;
    EXPECT_EQ(report.error().message(), message) << text;
  }
}

TEST(HookReportTest, TextsCannotSteerATerminalNorFillIt) {
  const auto report = parse_hook_report(R"({"version": 1, "state": "ok", "message": "a\u001b[31m\nb)" +
                                        std::string(1000, 'x') + R"("})");
  ASSERT_TRUE(report.has_value());
  EXPECT_TRUE(report->message.starts_with("a?[31m?b"));
  EXPECT_LT(report->message.size(), 520U);
}

TEST(HookReportTest, ARuntimeThatWasRestartedSinceIsInOrder) {
  const HookReport before = *parse_hook_report(kDegraded);
  EXPECT_EQ(as_it_is(before, kAllLive).state, HookState::kDegraded);
  EXPECT_EQ(as_it_is(before, kAllLive).runtimes[0].state, RuntimeState::kRestartNeeded);
  const HookReport now = as_it_is(before, kNobodyLives);
  EXPECT_EQ(now.runtimes[0].state, RuntimeState::kOk);
  EXPECT_EQ(now.runtimes[0].message, "restarted since, so that it calls the hook");
  EXPECT_EQ(now.state, HookState::kOk);
  EXPECT_EQ(now.message, "what had to be restarted was restarted");
}

TEST(HookReportTest, ARuntimeThatTellsTheNriPluginNeedsNoHook) {
  const HookReport before = *parse_hook_report(with_runtimes(R"([{"runtime": "containerd", "state": "missing"},
                                                                 {"runtime": "podman", "state": "ok"}])"));
  EXPECT_EQ(as_it_is(before, kAllLive).state, HookState::kDegraded);
  EXPECT_EQ(as_it_is(before, kAllLive, HookRuntime::kCrio).runtimes[0].state, RuntimeState::kMissing);
  const HookReport now = as_it_is(before, kAllLive, HookRuntime::kContainerd);
  EXPECT_EQ(now.runtimes[0].state, RuntimeState::kOk);
  EXPECT_EQ(now.runtimes[0].message, "tells the NRI plugin instead");
  EXPECT_EQ(now.state, HookState::kOk);
}

TEST(HookReportTest, WhatElseIsWrongStaysWrong) {
  const HookReport unknown =
      *parse_hook_report(with_runtimes(R"([{"runtime": "containerd", "state": "restart_needed"}])"));
  EXPECT_EQ(as_it_is(unknown, kNobodyLives).runtimes[0].state, RuntimeState::kRestartNeeded) << "nobody knows";
  const HookReport two = *parse_hook_report(with_runtimes(
      R"([{"runtime": "containerd", "state": "restart_needed", "not_read_by": {"pid": 1, "start_time": 2}},
          {"runtime": "crio", "state": "missing", "not_read_by": {"pid": 1, "start_time": 2}}])"));
  EXPECT_EQ(as_it_is(two, kNobodyLives).state, HookState::kDegraded);
  EXPECT_EQ(as_it_is(two, kNobodyLives).runtimes[1].state, RuntimeState::kMissing);
  const HookReport none = *parse_hook_report(with_runtimes("[]"));
  EXPECT_EQ(as_it_is(none, kNobodyLives).state, HookState::kDegraded);
}

TEST(HookReportTest, IsShownByItsNames) {
  const HookView view = view_of(*parse_hook_report(kDegraded));
  EXPECT_EQ(view.state, "degraded");
  EXPECT_EQ(view.runtimes[0].runtime, "containerd");
  EXPECT_EQ(view.runtimes[0].state, "restart_needed");
  EXPECT_EQ(view.runtimes[1].state, "ok");
}

TEST(HookReportTest, SetsAndClearsItsGauges) {
  Counters counters;
  count_hook(parse_hook_report(kDegraded).value(), counters);
  EXPECT_EQ(counters.hook_state[HookState::kDegraded].value(), 1U);
  EXPECT_EQ(counters.hook_reported[HookRuntime::kContainerd].value(), 1U);
  EXPECT_EQ(counters.hook_installed[HookRuntime::kContainerd].value(), 0U);
  EXPECT_EQ(counters.hook_installed[HookRuntime::kPodman].value(), 1U);
  EXPECT_EQ(counters.hook_reported[HookRuntime::kCrio].value(), 0U);
  count_hook(
      parse_hook_report(R"({"version": 1, "state": "disabled", "runtimes": [{"runtime": "crio", "state": "missing"}]})")
          .value(),
      counters);
  EXPECT_EQ(counters.hook_state[HookState::kDegraded].value(), 0U);
  EXPECT_EQ(counters.hook_state[HookState::kDisabled].value(), 1U);
  EXPECT_EQ(counters.hook_reported[HookRuntime::kCrio].value(), 0U) << "nobody wants it there";
  count_hook(std::nullopt, counters);
  EXPECT_EQ(counters.hook_state[HookState::kDisabled].value(), 0U);
  EXPECT_EQ(counters.hook_installed[HookRuntime::kPodman].value(), 0U);
}

}  // namespace
}  // namespace netclsd
