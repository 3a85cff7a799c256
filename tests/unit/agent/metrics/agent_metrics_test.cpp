#include "agent/metrics/agent_metrics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <set>
#include <sstream>

namespace netclsd {
namespace {

using testing::Contains;
using testing::HasSubstr;

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

// "# TYPE name counter" → {name: counter}; the same for HELP.
std::map<std::string, std::string> comments(const std::string& text, const std::string& kind) {
  std::map<std::string, std::string> found;
  for (const auto& line : lines_of(text)) {
    if (!line.starts_with("# " + kind + " ")) continue;
    const std::size_t name_at = kind.size() + 3;
    const std::size_t name_end = line.find(' ', name_at);
    EXPECT_TRUE(found.emplace(line.substr(name_at, name_end - name_at), line.substr(name_end + 1)).second) << line;
  }
  return found;
}

// The names and labels of design 3.6, as they must stand at 0 in a new agent.
const std::vector<std::string> kContract = {
    "netclsd_ready 0",
    "netclsd_containers 0",
    "netclsd_processes 0",
    R"(netclsd_events_total{event="fork"} 0)",
    R"(netclsd_events_total{event="exec"} 0)",
    R"(netclsd_events_total{event="comm"} 0)",
    R"(netclsd_events_total{event="ack"} 0)",
    R"(netclsd_events_total{event="other"} 0)",
    "netclsd_events_dropped_total 0",
    "netclsd_overruns_total 0",
    R"(netclsd_moves_total{cause="register"} 0)",
    R"(netclsd_moves_total{cause="fork"} 0)",
    R"(netclsd_moves_total{cause="exec"} 0)",
    R"(netclsd_moves_total{cause="sweep"} 0)",
    R"(netclsd_move_failures_total{reason="gone"} 0)",
    R"(netclsd_move_failures_total{reason="denied"} 0)",
    R"(netclsd_move_failures_total{reason="other"} 0)",
    "netclsd_strays_repaired_total 0",
    "netclsd_groups_repaired_total 0",
    R"(netclsd_sweeps_total{cause="startup"} 0)",
    R"(netclsd_sweeps_total{cause="overrun"} 0)",
    R"(netclsd_sweeps_total{cause="audit"} 0)",
    R"(netclsd_sweeps_total{cause="request"} 0)",
    R"(netclsd_sweeps_total{cause="silence"} 0)",
    R"(netclsd_sweeps_total{cause="queue_full"} 0)",
    R"(netclsd_sweeps_total{cause="registration"} 0)",
    R"(netclsd_sweeps_total{cause="strays"} 0)",
    R"(netclsd_sweeps_total{cause="failed"} 0)",
    R"(netclsd_policy_refusals_total{reason="no_rule"} 0)",
    R"(netclsd_policy_refusals_total{reason="not_allowed"} 0)",
    R"(netclsd_policy_refusals_total{reason="exclusive"} 0)",
    R"(netclsd_policy_refusals_total{reason="identity"} 0)",
    "netclsd_sweep_duration_seconds_count 0",
    "netclsd_sweep_duration_seconds_sum 0",
    "netclsd_move_latency_seconds_count 0",
    R"(netclsd_move_latency_seconds_bucket{le="1e-05"} 0)",
    R"(netclsd_move_latency_seconds_bucket{le="1"} 0)",
    R"(netclsd_move_latency_seconds_bucket{le="+Inf"} 0)",
    R"(netclsd_registrations_total{source="hook"} 0)",
    R"(netclsd_registrations_total{source="nri"} 0)",
    R"(netclsd_registrations_total{source="spool"} 0)",
    R"(netclsd_registrations_total{source="api"} 0)",
    R"(netclsd_registrations_total{source="recovered"} 0)",
    R"(netclsd_registration_failures_total{reason="malformed"} 0)",
    R"(netclsd_registration_failures_total{reason="forbidden"} 0)",
    R"(netclsd_registration_failures_total{reason="conflict"} 0)",
    R"(netclsd_registration_failures_total{reason="gone"} 0)",
    R"(netclsd_registration_failures_total{reason="busy"} 0)",
    R"(netclsd_registration_failures_total{reason="system"} 0)",
    "netclsd_canary_misses_total 0",
    "netclsd_resubscriptions_total 0",
    "netclsd_receive_buffer_bytes 0",
    "netclsd_receive_buffer_events 0",
    "netclsd_sockets_tagged_again_total 0",
    "netclsd_early_moves_forbidden 0",
    "netclsd_examinations_put_off_total 0",
    "netclsd_config_reloads_total 0",
    "netclsd_config_reload_failures_total 0",
    "netclsd_carriers_repaired_total 0",
    "netclsd_carry_failures_total 0",
    "netclsd_carry_differing_packets_total 0",
    "netclsd_carry_uncounted_packets_total 0",
    "netclsd_carry_late_total 0",
};

TEST(RenderMetricsTest, ANewAgentExportsEveryNameAndLabelOfTheContractAsZero) {
  const auto lines = lines_of(render_metrics(Counters{}));
  for (const auto& line : kContract) EXPECT_THAT(lines, Contains(line));
  EXPECT_THAT(lines, Contains(testing::MatchesRegex(R"(netclsd_build_info\{version="[^"]+",revision="[^"]+"\} 1)")));
}

TEST(RenderMetricsTest, EveryMetricHasOneHelpAndOneType) {
  const std::string text = render_metrics(Counters{});
  const auto types = comments(text, "TYPE");
  const auto helps = comments(text, "HELP");
  EXPECT_EQ(types.size(), helps.size());
  for (const auto& [name, help] : helps) {
    EXPECT_TRUE(types.contains(name)) << name;
    EXPECT_TRUE(help.ends_with(".")) << name << ": " << help;
  }
}

TEST(RenderMetricsTest, CountersAndOnlyCountersEndInTotal) {
  for (const auto& [name, type] : comments(render_metrics(Counters{}), "TYPE")) {
    EXPECT_EQ(name.ends_with("_total"), type == "counter") << name << " is a " << type;
  }
}

TEST(RenderMetricsTest, NoSeriesComesTwice) {
  std::set<std::string> seen;
  for (const auto& line : lines_of(render_metrics(Counters{}))) {
    EXPECT_TRUE(line.starts_with("#") || seen.insert(line.substr(0, line.rfind(' '))).second) << line;
  }
}

TEST(RenderMetricsTest, EachCountStandsBehindItsOwnName) {
  Counters counters;
  counters.events_dropped.add(7);
  counters.moves[MoveCause::kExec].add(3);
  counters.registrations[SourceLabel::kRecovered].add(2);
  counters.containers.set(5);
  const std::string text = render_metrics(counters);
  EXPECT_THAT(text, HasSubstr("\nnetclsd_events_dropped_total 7\n"));
  EXPECT_THAT(text, HasSubstr("\nnetclsd_moves_total{cause=\"exec\"} 3\n"));
  EXPECT_THAT(text, HasSubstr("\nnetclsd_registrations_total{source=\"recovered\"} 2\n"));
  EXPECT_THAT(text, HasSubstr("\nnetclsd_containers 5\n"));
}

TEST(RenderMetricsTest, EachClassHasItsNameAndItsClassid) {
  const ClassId gold = ClassId::parse("10:1").value();
  ClassCounts counts;
  counts.add(gold);
  counts.add(ClassId::parse("10:7").value());
  Counters counters;
  counters.classes.set_names({{"gold", gold}});
  counters.classes.set(counts);
  const std::string text = render_metrics(counters);
  EXPECT_THAT(text, HasSubstr("\nnetclsd_class_containers{class=\"gold\",classid=\"10:1\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("\nnetclsd_class_containers{class=\"\",classid=\"10:7\"} 1\n"));
}

TEST(RenderMetricsTest, OnlyRuntimesThatWereReportedAreThere) {
  Counters counters;
  EXPECT_THAT(render_metrics(counters), testing::Not(HasSubstr("\nnetclsd_hook_installed{")));
  EXPECT_THAT(render_metrics(counters), HasSubstr("\nnetclsd_hook_state{state=\"failed\"} 0\n"));
  counters.hook_reported[HookRuntime::kCrio].set(1);
  counters.hook_reported[HookRuntime::kPodman].set(1);
  counters.hook_installed[HookRuntime::kPodman].set(1);
  counters.hook_state[HookState::kDegraded].set(1);
  const std::string text = render_metrics(counters);
  EXPECT_THAT(text, HasSubstr("\nnetclsd_hook_installed{runtime=\"crio\"} 0\n"));
  EXPECT_THAT(text, HasSubstr("\nnetclsd_hook_installed{runtime=\"podman\"} 1\n"));
  EXPECT_THAT(text, testing::Not(HasSubstr("containerd")));
  EXPECT_THAT(text, HasSubstr("\nnetclsd_hook_state{state=\"degraded\"} 1\n"));
}

TEST(RenderMetricsTest, TheCarriersMetricsAreThereWhereOneHasReported) {
  Counters counters;
  counters.classes.set_names({{"gold", ClassId::parse("10:1").value()}});
  const std::string before = render_metrics(counters);
  for (const char* name : {"carry_state{", "carriers ", "containers_without_carrier ", "containers_differing ",
                           "class_packets_total{", "class_bytes_total{", "class_fallback_packets_total{"}) {
    EXPECT_THAT(before, testing::Not(HasSubstr(std::string("\nnetclsd_") + name)));
  }
  counters.carry_reported.set(1);
  counters.carry_state[CarryState::kGone].set(1);
  counters.carriers.set(3);
  counters.class_traffic.set(ClassTraffics{{0x10'0001, {5, 500, 2}}});
  const std::string text = render_metrics(counters);
  for (const char* line : {"carry_state{state=\"ok\"} 0", "carry_state{state=\"gone\"} 1", "carriers 3",
                           "containers_without_carrier 0", "class_packets_total{class=\"gold\",direction=\"egress\"} 5",
                           "class_packets_total{class=\"none\",direction=\"egress\"} 0",
                           "class_bytes_total{class=\"gold\",direction=\"egress\"} 500",
                           "class_fallback_packets_total{class=\"gold\"} 2"}) {
    EXPECT_THAT(text, HasSubstr(std::string("\nnetclsd_") + line + "\n"));
  }
  EXPECT_THAT(list_counters(counters),
              Contains(testing::Pair("class_packets_total{class=\"gold\",direction=\"egress\"}", 5U)));
}

TEST(RenderMetricsTest, HistogramsAreCumulativeInSeconds) {
  Counters counters;
  counters.move_latency.observe(std::chrono::microseconds{15});
  counters.move_latency.observe(std::chrono::milliseconds{3});
  counters.move_latency.observe(std::chrono::seconds{2});
  const std::string text = render_metrics(counters);
  EXPECT_THAT(text, HasSubstr("netclsd_move_latency_seconds_bucket{le=\"1e-05\"} 0\n"));
  EXPECT_THAT(text, HasSubstr("netclsd_move_latency_seconds_bucket{le=\"2e-05\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("netclsd_move_latency_seconds_bucket{le=\"0.005\"} 2\n"));
  EXPECT_THAT(text, HasSubstr("netclsd_move_latency_seconds_bucket{le=\"1\"} 2\n"));
  EXPECT_THAT(text, HasSubstr("netclsd_move_latency_seconds_bucket{le=\"+Inf\"} 3\n"));
  EXPECT_THAT(text, HasSubstr("netclsd_move_latency_seconds_count 3\n"));
  EXPECT_THAT(text, HasSubstr("netclsd_move_latency_seconds_sum 2.003015\n"));
}

TEST(RenderMetricsTest, TheListOfCountersIsWithoutPrefixAndGauges) {
  Counters counters;
  counters.moves[MoveCause::kFork].add(12);
  counters.containers.set(5);
  const auto list = list_counters(counters);
  EXPECT_THAT(list, Contains(testing::Pair("moves_total{cause=\"fork\"}", 12U)));
  EXPECT_THAT(list, Contains(testing::Pair("overruns_total", 0U)));
  EXPECT_THAT(list, testing::Not(Contains(testing::Key("containers"))));
}

}  // namespace
}  // namespace netclsd
