#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cli/doctor/checks.h"
#include "netclsd_version.h"
#include "tests/unit/cli/doctor/answer.h"

namespace netclsd::cli {
namespace {

using ::testing::HasSubstr;

constexpr std::uint64_t kNetAdmin = 1U << 12U;
constexpr std::uint64_t kSysAdmin = 1U << 21U;

TEST(DoctorAgentTest, TheAgentMustAnswerAndShouldBeReady) {
  EXPECT_EQ(judge_agent(without_agent()).state, State::kFail);
  EXPECT_THAT(judge_agent(without_agent()).mend, HasSubstr("systemctl start netclsd"));
  EXPECT_EQ(judge_agent(with_status("<html>")).state, State::kFail);
  EXPECT_EQ(judge_agent(with_status(R"({"ready":true,"version":"0.1.0"})")).message, "ready, version 0.1.0");
  const Finding waiting = judge_agent(with_status(R"({"ready":false,"not_ready_because":["first sweep runs"]})"));
  EXPECT_EQ(waiting.state, State::kWarn);
  EXPECT_THAT(waiting.message, HasSubstr("first sweep runs"));
}

Finding capabilities(std::uint64_t held, const char* release) {
  HostFacts facts;
  facts.kernel_release = release;
  facts.agents_place = ProcessPlace{.capabilities = held};
  return judge_capabilities(facts);
}

TEST(DoctorAgentTest, TheAgentHasTheCapabilitiesThatItsKernelWants) {
  EXPECT_EQ(capabilities(kNetAdmin, "6.1.0").message, "the agent has CAP_NET_ADMIN alone");
  EXPECT_EQ(capabilities(0, "6.6.0").state, State::kOk);
  const Finding lacking = capabilities(0, "6.5.13");
  EXPECT_EQ(lacking.state, State::kFail);
  EXPECT_EQ(lacking.mend, "start it with CAP_NET_ADMIN");
  const Finding mighty = capabilities(kNetAdmin | kSysAdmin, "6.18.0");
  EXPECT_EQ(mighty.state, State::kWarn);
  EXPECT_THAT(mighty.message, HasSubstr("more than it needs"));
  EXPECT_THAT(judge_capabilities({}).message, HasSubstr("not known"));
  EXPECT_EQ(judge_capabilities(without_agent()).state, State::kWarn);
}

TEST(DoctorAgentTest, TheConnectorIsProvenByTheCanary) {
  const Finding heard =
      judge_canary(with_status(R"({"canary_round_trip_us":17,"counters":{"canary_misses_total":0}})"));
  EXPECT_EQ(heard.state, State::kOk);
  EXPECT_EQ(heard.message, "the agent heard its own last event after 17 microseconds");
  EXPECT_THAT(judge_canary(with_status(R"({"canary_round_trip_us":17,"counters":{"canary_misses_total":3}})")).message,
              testing::EndsWith("; since its start it missed 3"));
  const Finding deaf = judge_canary(with_status(R"({"canary_round_trip_us":null})"));
  EXPECT_EQ(deaf.state, State::kFail);
  EXPECT_THAT(deaf.mend, HasSubstr("NetclsdDeaf"));
  EXPECT_EQ(judge_canary(with_status("{}")).state, State::kOk) << "an older agent does not tell";
  EXPECT_EQ(judge_canary(without_agent()).state, State::kWarn);
}

TEST(DoctorAgentTest, AReceiveBufferThatIsSmallerThanAskedForIsWarnedAbout) {
  const auto buffer = [](const std::string& bytes) {
    return judge_receive_buffer(with_status(R"({"receive_buffer_bytes":)" + bytes +
                                            R"(,"receive_buffer_asked_bytes":134217728,"receive_buffer_events":512})"));
  };
  EXPECT_EQ(buffer("134217728").message, "134217728 bytes, which hold 512 events");
  const Finding small = buffer("425984");
  EXPECT_EQ(small.state, State::kWarn);
  EXPECT_THAT(small.message, HasSubstr("425984 of 134217728 bytes"));
  EXPECT_THAT(small.mend, HasSubstr("net.core.rmem_max"));
  EXPECT_EQ(judge_receive_buffer(with_status(R"({"receive_buffer_bytes":1})")).state, State::kOk) << "an older agent";
}

TEST(DoctorAgentTest, ProgramsOfOtherVersionsThanTheAgentsAreNamed) {
  const auto status = [](const std::string& agents, const std::string& plugins) {
    return with_status(R"({"version":")" + agents + R"(","nri":{"version":)" + plugins + "}}");
  };
  HostFacts facts = status(kVersion, std::string("\"") + kVersion + "\"");
  facts.hook = HookStatus{.directory = "/opt/x", .version = kVersion};
  EXPECT_EQ(judge_versions(facts).message, std::string("all are the agent's, ") + kVersion);
  facts.hook->version = "0.0.1";
  EXPECT_EQ(judge_versions(facts).state, State::kWarn);
  EXPECT_THAT(judge_versions(facts).message, testing::EndsWith("of others are: the hook 0.0.1"));
  EXPECT_THAT(judge_versions(facts).mend, HasSubstr("netclsctl hook install"));
  EXPECT_THAT(judge_versions(status(kVersion, "\"0.0.2\"")).message, testing::EndsWith(": the NRI plugin 0.0.2"));
  EXPECT_THAT(judge_versions(status("9.9", "null")).message, HasSubstr("netclsctl"));
  EXPECT_EQ(judge_versions(status(kVersion, "null")).state, State::kOk) << "no plugin, no hook";
}

TEST(DoctorAgentTest, WaitingRegistrationsAreWarnedAbout) {
  const auto spool = [](Result<std::size_t> entries) {
    HostFacts facts;
    facts.spool_entries = std::move(entries);
    return judge_spool(facts);
  };
  EXPECT_EQ(spool(0).state, State::kOk);
  EXPECT_EQ(spool(3).state, State::kWarn);
  EXPECT_EQ(spool(failure(ErrorCode::kSystem, "open: Permission denied")).state, State::kWarn);
}

}  // namespace
}  // namespace netclsd::cli
