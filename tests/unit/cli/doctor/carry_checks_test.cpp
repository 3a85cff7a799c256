#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cli/doctor/checks.h"
#include "tests/unit/cli/doctor/answer.h"

namespace netclsd::cli {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;

constexpr const char* kToMark = R"({"carry_wanted":{"to":["mark"],"by_map":false}})";
constexpr const char* kToPriority = R"({"carry_wanted":{"to":["mark","priority"],"by_map":false}})";
constexpr const char* kByMap = R"({"carry_wanted":{"to":["priority"],"by_map":true}})";
constexpr const char* kBpfMount = "30 24 0:27 / /sys/fs/bpf rw,nosuid shared:9 - bpf bpf rw,mode=700\n";

// A container with one interface, with more of its fields.
std::string carried(const std::string& id, const std::string& interface, const std::string& more) {
  return R"({"id":")" + id + R"(","classid":"10:1","carriers":[{"interface":")" + interface +
         R"(","ifindex":7,"how":"tcx")" + more + "}]}";
}

HostFacts with_carried(const std::string& more, CarriedInterface seen = {.name = "veth1", .has_gro = false}) {
  HostFacts facts = with_containers("[" + carried("web", "veth1", more) + "]");
  facts.carried = {std::move(seen)};
  return facts;
}

TEST(DoctorCarryTest, TellsWhetherClassesAreCarried) {
  const auto carry = [](const char* status) { return judge_carry(with_status(status)); };
  EXPECT_EQ(judge_carry(without_agent()).state, State::kWarn);
  EXPECT_EQ(carry(R"({"carry":null})").state, State::kOk);
  EXPECT_TRUE(carry(R"({"carry":null,"carry_wanted":null})").message.starts_with("not configured"));
  const Finding fine = carry(R"({"carry":{"state":"ok","message":"","kernel":"tcx","carriers":3}})");
  EXPECT_EQ(fine.state, State::kOk);
  EXPECT_EQ(fine.message, "at 3 interfaces, by tcx");
  const Finding degraded = carry(R"({"carry":{"state":"degraded","message":"veth1: no memory"}})");
  EXPECT_EQ(degraded.state, State::kWarn);
  EXPECT_EQ(degraded.message, "not as it should be: veth1: no memory");
  const Finding gone = carry(R"({"carry":{"state":"gone"}})");
  EXPECT_EQ(gone.state, State::kFail);
  EXPECT_THAT(gone.mend, HasSubstr("netclsd-carrier --clean-up"));
  const Finding failed = carry(R"({"carry":{"state":"failed","message":"no BPF file system"}})");
  EXPECT_EQ(failed.state, State::kFail);
  EXPECT_EQ(failed.message, "netclsd-carrier could not start: no BPF file system");
  const Finding unreadable = carry(R"({"carry":{"state":"unreadable","message":"\u001b"}})");
  EXPECT_EQ(unreadable.state, State::kWarn);
  EXPECT_EQ(unreadable.message, "its report is unreadable: ?");
}

TEST(DoctorCarryTest, ACarrierThatIsWantedAndWasNeverStartedFails) {
  const Finding missing = judge_carry(with_status(kToMark));
  EXPECT_EQ(missing.state, State::kFail);
  EXPECT_EQ(missing.mend, "systemctl enable --now netclsd-carrier");
}

Finding bpf_file_system(const char* status, const std::string& mountinfo, const std::string& hosts = "") {
  HostFacts facts = with_status(status);
  facts.mountinfo = mountinfo;
  facts.hosts_mountinfo = hosts;
  return judge_bpf_file_system(facts);
}

TEST(DoctorCarryTest, CarryWithoutABpfFileSystemFails) {
  EXPECT_EQ(bpf_file_system("{}", "").message, "not needed: nothing is carried");
  const Finding none = bpf_file_system(kToMark, "1 2 0:4 / /bpf rw - tmpfs bpf rw\n");
  EXPECT_EQ(none.state, State::kFail);
  EXPECT_THAT(none.mend, HasSubstr("mount -t bpf bpf /sys/fs/bpf"));
  EXPECT_EQ(bpf_file_system(kToMark, kBpfMount).message, "at /sys/fs/bpf");
  EXPECT_EQ(bpf_file_system(kToMark, "", kBpfMount).state, State::kOk) << "the host's";
  const std::string elsewhere = "30 24 0:27 / /run/bpf rw - bpf none rw\n";
  EXPECT_EQ(bpf_file_system(kToMark, elsewhere).state, State::kWarn);
  EXPECT_THAT(bpf_file_system(kToMark, elsewhere).message, HasSubstr("but at /run/bpf"));
  EXPECT_EQ(bpf_file_system(R"({"carry":{"state":"ok"}})", elsewhere).state, State::kOk) << "the carrier uses it";
  EXPECT_EQ(bpf_file_system(R"({"carry":{"state":"failed"}})", "").state, State::kFail);
}

TEST(DoctorCarryTest, ProgramsOfOthersAtACarriedInterfaceAreTold) {
  EXPECT_EQ(judge_carriers(without_agent()).state, State::kWarn);
  EXPECT_EQ(judge_carriers(with_containers("[]")).message, "0 carriers, and no program of others beside them");
  EXPECT_EQ(judge_carriers(with_carried(R"(,"before_us":0,"after_us":0)")).message,
            "1 carrier, and no program of others beside them");
  const Finding after = judge_carriers(with_carried(R"(,"before_us":0,"after_us":2)"));
  EXPECT_EQ(after.state, State::kOk);
  EXPECT_EQ(after.message, "1 carrier; programs of others at veth1 (web): 2 after ours");
  const Finding before = judge_carriers(with_carried(R"(,"before_us":1,"after_us":null)"));
  EXPECT_EQ(before.state, State::kWarn);
  EXPECT_THAT(before.message, HasSubstr("veth1 (web): 1 before ours. What runs before ours may take packets away"));
  EXPECT_THAT(before.mend, HasSubstr("TCX_NEXT"));
  const Finding filters = judge_carriers(
      with_carried("", {.name = "veth1",
                        .filters = {{.kind = "bpf", .preference = 1, .name = "cil_from_container", .has_options = true},
                                    {.kind = "u32", .preference = 9, .has_options = true}}}));
  EXPECT_EQ(filters.state, State::kOk);
  EXPECT_THAT(filters.message, EndsWith("veth1 (web): clsact's cil_from_container (bpf), clsact's filter (u32)"));
}

TEST(DoctorCarryTest, ContainersThatCannotBeCarriedAreNamed) {
  const Finding lacking = judge_carriers(with_containers(
      R"([{"id":"web","carriers":[],"carry_problem":"veth1: no memory"},{"id":"db","carriers":null}])"));
  EXPECT_EQ(lacking.state, State::kWarn);
  EXPECT_THAT(lacking.message, EndsWith(": web: veth1: no memory"));
}

TEST(DoctorCarryTest, NativeXdpIsWarnedAbout) {
  EXPECT_EQ(judge_xdp(without_agent()).state, State::kWarn);
  for (const char* harmless : {"", R"(,"xdp":"none")", R"(,"xdp":"generic")", R"(,"xdp":null)"}) {
    EXPECT_EQ(judge_xdp(with_carried(harmless)).state, State::kOk) << harmless;
  }
  const Finding native = judge_xdp(with_carried(R"(,"xdp":"native")"));
  EXPECT_EQ(native.state, State::kWarn);
  EXPECT_THAT(native.message, HasSubstr("at the host's end of veth1 (web): packets lose their class"));
  EXPECT_THAT(native.mend, HasSubstr("xdpgeneric"));
}

TEST(DoctorCarryTest, GroIsWarnedAbout) {
  EXPECT_EQ(judge_gro(without_agent()).state, State::kWarn);
  EXPECT_EQ(judge_gro({}).message, "no interface is carried");
  EXPECT_EQ(judge_gro(with_carried("")).message, "off at every carried interface");
  const Finding on = judge_gro(with_carried("", {.name = "veth1", .has_gro = true}));
  EXPECT_EQ(on.state, State::kWarn);
  EXPECT_THAT(on.message, HasSubstr("GRO is on at the host's end of veth1: if the pod's own"));
  EXPECT_THAT(on.mend, HasSubstr("ethtool -K IFACE gro off"));
  const Finding unknown = judge_gro(with_carried("", {.name = "veth1", .unreadable_because = "elsewhere"}));
  EXPECT_EQ(unknown.state, State::kOk);
  EXPECT_EQ(unknown.message, "not known of veth1 (elsewhere)");
}

Finding priority(const char* status, const std::string& value) {
  HostFacts facts = with_status(status);
  facts.forward_update_priority = value;
  return judge_priority(facts);
}

TEST(DoctorCarryTest, APriorityThatRoutingOverwritesIsWarnedAbout) {
  EXPECT_EQ(priority(kToMark, "1\n").state, State::kOk);
  EXPECT_EQ(priority(kToPriority, "0\n").state, State::kOk);
  EXPECT_THAT(priority(kToPriority, "").message, HasSubstr("not known"));
  const Finding lost = priority(kToPriority, "1\n");
  EXPECT_EQ(lost.state, State::kWarn);
  EXPECT_EQ(lost.mend, "sysctl -w net.ipv4.ip_forward_update_priority=0");
}

Finding use(const char* status, std::vector<Queueing> queueing) {
  HostFacts facts = with_status(status);
  facts.agent_containers = answer(R"({"containers":[)" + carried("web", "veth1", "") + "]}");
  facts.carried = {{.name = "veth1", .has_gro = false}};
  facts.queueing = std::move(queueing);
  return judge_use(facts);
}

Queueing htb(std::uint32_t handle, std::vector<TcFilter> filters = {}) { return {"eth0", "htb", handle, filters}; }

TEST(DoctorUseTest, APriorityNeedsAQdiscWithTheClassesMajorNumber) {
  const Finding nothing = use(kToPriority, {});
  EXPECT_EQ(nothing.state, State::kWarn);
  EXPECT_THAT(nothing.message,
              HasSubstr("nftables, iptables and policy routing, and tcx programs, were not looked at"));
  EXPECT_THAT(nothing.mend, HasSubstr("docs/recipes.md"));
  EXPECT_EQ(use(kToPriority, {htb(0x100000)}).message, "may use the class: eth0: htb 10:");
  const Finding other = use(kToPriority, {htb(0x10000)});
  EXPECT_EQ(other.state, State::kWarn);
  EXPECT_THAT(other.message, HasSubstr("uses the class (eth0: htb 1:), though priorities are carried"));
  EXPECT_EQ(use(kByMap, {htb(0x10000)}).state, State::kOk) << "the map decides the number";
}

TEST(DoctorUseTest, AMarkMayBeUsedByWhatIsNotLookedAt) {
  EXPECT_EQ(use(kToMark, {}).state, State::kOk);
  EXPECT_THAT(use(kToMark, {}).message, HasSubstr("were not looked at"));
  EXPECT_THAT(use(kToMark, {htb(0x100000)}).message, HasSubstr("no qdisc or filter of this host uses the class"));
}

TEST(DoctorUseTest, FiltersThatMayChooseByTheClassAreNamed) {
  for (const char* kind : {"cgroup", "fw", "bpf", "basic", "u32", "flow"}) {
    const Finding found = use(kToMark, {htb(0x10000, {{.kind = kind}, {.kind = "matchall"}})});
    EXPECT_EQ(found.state, State::kOk) << kind;
    EXPECT_THAT(found.message, testing::StartsWith("may use the class: eth0: htb 1: with ")) << kind;
    EXPECT_THAT(found.message, HasSubstr(kind));
  }
  EXPECT_THAT(use("{}", {{"eth0", "clsact", 0xffff0000, {{.kind = "bpf"}}}}).message,
              EndsWith("eth0: clsact with bpf"));
  EXPECT_THAT(use("{}", {{"eth0", "clsact", 0xffff0000, {{.kind = "matchall"}}}}).message, HasSubstr("no qdisc"));
}

TEST(DoctorUseTest, WhatIsTowardsAPodDoesNotCount) {
  EXPECT_EQ(use(kToPriority, {{"veth1", "htb", 0x100000, {}}}).state, State::kWarn);
}

TEST(DoctorUseTest, QdiscsThatCannotBeListedAreNotKnown) {
  HostFacts facts;
  facts.queueing = failure(ErrorCode::kSystem, "rtnetlink: Operation not permitted");
  EXPECT_EQ(judge_use(facts).message, "not known: rtnetlink: Operation not permitted");
}

}  // namespace
}  // namespace netclsd::cli
