#include "common/api/messages.h"

#include <gtest/gtest.h>

namespace netclsd {
namespace {

using namespace std::chrono_literals;

RegisterRequest full_request() {
  return {.pid = Pid{4711},
          .start_time = StartTime{191438},
          .bundle = "/b",
          .annotations = {{"netclsd.io/classid", "10:1"}, {"k", "v\n\"ü"}},
          .spec_classid = 0xffffffff,
          .cgroups_path = "/kube/x",
          .source = RegistrationSource::kNri,
          .init_waits = true};
}

ContainerView view() {
  return {.id = *ContainerId::parse("ab12"),
          .choice = {*ClassId::parse("10:1"), "", "netclsd.io/classid"},
          .source = RegistrationSource::kHook,
          .pid = Pid{7},
          .group = "/m/netclsd/ab12",
          .adopted = false,
          .membership_path = "",
          .registered_at = WallTime(0s),
          .processes = 2};
}

constexpr const char* kViewFields =
    R"("id":"ab12","classid":"10:1","class":null,"class_origin":"netclsd.io/classid","source":"hook","pid":7,)"
    R"("group":"/m/netclsd/ab12","adopted":false,"membership_path":null,"registered_at":"1970-01-01T00:00:00.000Z",)"
    R"("namespace":null,"pod":null,"policy_rule":null,"refused_because":null,)"
    R"("carriers":null,"packets":null,"bytes":null,"by_fallback":null,"carry_problem":null,"processes":)";

TEST(MessagesTest, RequestsSurviveTheRoundTrip) {
  EXPECT_EQ(*parse_register_request(to_json(full_request())), full_request());
  const RegisterRequest least{.pid = Pid{1},
                              .start_time = {},
                              .bundle = {},
                              .annotations = {},
                              .spec_classid = {},
                              .cgroups_path = {},
                              .source = RegistrationSource::kApi};
  EXPECT_EQ(*parse_register_request(to_json(least)), least);
  EXPECT_EQ(*parse_register_request(R"({"pid":1,"future":true})"), least);
}

TEST(MessagesTest, ManyAnnotationsTakeTimeByTheirNumberAndNotByItsSquare) {
  RegisterRequest request = full_request();
  for (int n = 0; n < 100'000; ++n) request.annotations.emplace("k" + std::to_string(n), "v");
  const auto began_at = std::chrono::steady_clock::now();
  EXPECT_EQ(*parse_register_request(to_json(request)), request);
  EXPECT_LT(std::chrono::steady_clock::now() - began_at, 10s);  // by the square: minutes
}

TEST(MessagesTest, SpoolEntriesSurviveTheRoundTrip) {
  const SpoolEntry entry{.id = *ContainerId::parse("ab12"), .request = full_request()};
  const auto parsed = parse_spool_entry(to_json(entry));
  ASSERT_TRUE(parsed) << parsed.error().message();
  EXPECT_EQ(parsed->id, entry.id);
  EXPECT_EQ(parsed->request, entry.request);
}

struct Bad {
  const char* json;
  const char* message;
};

TEST(MessagesTest, BadRequestsNameTheField) {
  for (const Bad& bad : {
           Bad{"x", "request is not JSON (byte 1)"},
           Bad{"{}", "pid is missing"},
           Bad{R"({"pid":0})", "pid is zero"},
           Bad{R"({"pid":-4})", "pid is not a whole number from 0 to 2147483647"},
           Bad{R"({"pid":1,"start_time":"1"})", "start_time is not a whole number from 0 to 18446744073709551615"},
           Bad{R"({"pid":1,"annotations":[]})", "annotations is not an object"},
           Bad{R"({"pid":1,"spec_classid":4294967296})", "spec_classid is not a whole number from 0 to 4294967295"},
           Bad{R"({"pid":1,"source":"moon"})", "source is not hook, nri, spool, api or recovered"},
       }) {
    const auto request = parse_register_request(bad.json);
    ASSERT_FALSE(request) << bad.json;
    EXPECT_EQ(request.error().message(), bad.message);
    EXPECT_EQ(request.error().code(), ErrorCode::kInvalid);
  }
}

TEST(MessagesTest, SpoolEntriesOfAnotherVersionOrWithoutIdAreRefused) {
  EXPECT_EQ(parse_spool_entry(R"({"version":2,"id":"a","pid":1})").error().message(), "version is 2, only 1 is known");
  EXPECT_EQ(parse_spool_entry(R"({"id":"a","pid":1})").error().message(), "version is missing");
  EXPECT_EQ(parse_spool_entry(R"({"version":1,"pid":1})").error().message(), "id is missing");
  EXPECT_FALSE(parse_spool_entry(R"({"version":1,"id":"../a","pid":1})"));
}

TEST(MessagesTest, SourcesHaveNames) {
  for (const char* name : {"hook", "nri", "spool", "api", "recovered"}) {
    EXPECT_STREQ(to_string(*parse_registration_source(name)), name);
  }
  EXPECT_EQ(parse_registration_source("HOOK"), std::nullopt);
}

TEST(MessagesTest, AContainerShowsACountOrItsMembers) {
  EXPECT_EQ(to_json(view()), std::string("{") + kViewFields + "2}");
  const std::vector<MemberView> members = {{Pid{7}, "sh", true}, {Pid{8}, "cat", false}};
  EXPECT_EQ(to_json(view(), &members),
            std::string("{") + kViewFields +
                R"([{"pid":7,"comm":"sh","placed":true},{"pid":8,"comm":"cat","placed":false}]})");
}

TEST(MessagesTest, AContainerShowsWhoseItIsAndWhatThePolicySaid) {
  ContainerView refused = view();
  refused.verdict.pod_namespace = "shop";
  refused.verdict.pod = "cart-1";
  refused.verdict.rule = "all";
  refused.verdict.refused_because = "it may not";
  EXPECT_NE(
      to_json(refused).find(R"("namespace":"shop","pod":"cart-1","policy_rule":"all","refused_because":"it may not")"),
      std::string::npos);
}

TEST(MessagesTest, AContainerShowsWhatTheCarrierDoesForIt) {
  ContainerView carried = view();
  carried.carried = CarriedView{
      .carriers = {{"veth1", "tcx", 7, "native", 0, 2}}, .sent = Traffic{7, 700, 2}, .problem = "veth2: no memory"};
  EXPECT_NE(to_json(carried).find(R"("carriers":[{"interface":"veth1","how":"tcx","ifindex":7,"xdp":"native",)"
                                  R"("before_us":0,"after_us":2}],"packets":7,"bytes":700,)"
                                  R"("by_fallback":2,"carry_problem":"veth2: no memory","processes":)"),
            std::string::npos)
      << to_json(carried);
  carried.carried = CarriedView{.carriers = {{"veth1", "clsact"}}};
  EXPECT_NE(to_json(carried).find(R"("ifindex":0,"xdp":null,"before_us":null,"after_us":null}])"), std::string::npos)
      << to_json(carried);
  carried.carried = CarriedView{};  // it has no interface of its own
  EXPECT_NE(
      to_json(carried).find(R"("carriers":[],"packets":null,"bytes":null,"by_fallback":null,"carry_problem":null,)"),
      std::string::npos);
}

TEST(MessagesTest, ListsAreWrappedAndMayBeEmpty) {
  EXPECT_EQ(to_json(std::vector<ContainerView>{}), R"({"containers":[]})");
  EXPECT_EQ(to_json(std::vector{view()}), std::string(R"({"containers":[{)") + kViewFields + "2}]}");
}

TEST(MessagesTest, TheAnswerToARegistrationSaysWhetherItIsManaged) {
  EXPECT_EQ(to_json(RegistrationAnswer{}), R"({"managed":false})");
  RegistrationAnswer answer;
  answer.not_managed_because = "why";
  EXPECT_EQ(to_json(answer), R"({"managed":false,"not_managed_because":"why"})");
  answer.not_managed_because.clear();
  answer.view = view();
  EXPECT_EQ(to_json(answer), std::string(R"({"managed":true,)") + kViewFields + "2}");
  answer.not_kept_because = "no space";
  EXPECT_EQ(to_json(answer), std::string(R"({"managed":true,"not_kept_because":"no space",)") + kViewFields + "2}");
}

TEST(MessagesTest, AProcessOutsideOfAnyContainerHasNulls) {
  const ProcessView outside{.pid = Pid{7}, .comm = "sh", .container = {}, .expected = {}, .cause = {}, .since = {}};
  EXPECT_EQ(to_json(outside), R"({"pid":7,"comm":"sh","container":null,"expected":null,"actual":null,"placed":false,)"
                              R"("cause":null,"since":null,"namespace":null,"pod":null,"policy_rule":null,)"
                              R"("refused_because":null})");
}

TEST(MessagesTest, AMembersClassesAreWrittenAsTcDoes) {
  const ProcessView member{.pid = Pid{7},
                           .comm = "sh",
                           .container = *ContainerId::parse("ab12"),
                           .expected = ClassId::parse("10:1").value(),
                           .actual = 0x100001,
                           .placed = true,
                           .cause = "exec",
                           .since = WallTime(0s),
                           .verdict = {.pod_namespace = "shop", .pod = "cart-1", .rule = "all"}};
  EXPECT_EQ(to_json(member), R"({"pid":7,"comm":"sh","container":"ab12","expected":"10:1","actual":"10:1",)"
                             R"("placed":true,"cause":"exec","since":"1970-01-01T00:00:00.000Z",)"
                             R"("namespace":"shop","pod":"cart-1","policy_rule":"all","refused_because":null})");
}

TEST(MessagesTest, ASweepReportsItsDurationInMilliseconds) {
  EXPECT_EQ(to_json(SweepReport{5, 4, 3, 2, 1, 1500us}),
            R"({"processes_seen":5,"members":4,"strays":3,"moved":2,"failed":1,"duration_ms":1.5})");
}

TEST(MessagesTest, StatusHasCountersByName) {
  const StatusView status{
      .version = "0.1.0",
      .revision = "abc",
      .pid = Pid{9},
      .uptime = 61s,
      .ready = false,
      .not_ready_because = {"no canary"},
      .net_cls_mount = "/m",
      .net_cls_mounted = true,
      .parent_group = "netclsd",
      .kernel_release = "6.1",
      .kernel_features = {"pidfd"},
      .kernel_warnings = {"favordynmods"},
      .receive_buffer_bytes = 1664,
      .receive_buffer_asked_bytes = 3328,
      .receive_buffer_events = 2,
      .canary_round_trip = 6200ns,
      .containers = 2,
      .processes = 3,
      .hook = HookView{.state = "degraded",
                       .message = "restart containerd",
                       .written_at = "2026-11-29T01:00:00Z",
                       .runtimes = {{"containerd", "restart_needed", "runs on"}}},
      .nri =
          NriView{
              .state = "connected", .runtime = "containerd 2.1.9", .since = "2026-11-29T01:00:00Z", .version = "0.2"},
      .carry = CarryView{.state = "ok", .kernel = "tcx", .carriers = 1, .repairs = 2, .differing = 3, .uncounted = 4},
      .carry_wanted = CarryWantedView{.to_mark = true, .to_priority = true, .by_map = true},
      .counters = {{"overruns", 4}}};
  EXPECT_EQ(
      to_json(status),
      R"({"version":"0.1.0","revision":"abc","pid":9,"uptime_seconds":61,"ready":false,"not_ready_because":["no canary"],)"
      R"("net_cls_mount":"/m","net_cls_mounted":true,"parent_group":"netclsd","kernel_release":"6.1","kernel_features":["pidfd"],)"
      R"("kernel_warnings":["favordynmods"],)"
      R"("receive_buffer_bytes":1664,"receive_buffer_asked_bytes":3328,"receive_buffer_events":2,)"
      R"("canary_round_trip_us":7,"containers":2,"processes":3,)"
      R"("hook":{"state":"degraded","message":"restart containerd","written_at":"2026-11-29T01:00:00Z",)"
      R"("runtimes":[{"runtime":"containerd","state":"restart_needed","message":"runs on"}]},)"
      R"("nri":{"state":"connected","message":"","runtime":"containerd 2.1.9","since":"2026-11-29T01:00:00Z","version":"0.2"},)"
      R"("carry":{"state":"ok","message":"","kernel":"tcx","carriers":1,"repairs":2,"differing":3,"uncounted":4},)"
      R"("carry_wanted":{"to":["mark","priority"],"by_map":true},)"
      R"("counters":{"overruns":4}})");
}

TEST(MessagesTest, ACanaryThatDoesNotComeHasNoRoundTrip) {
  EXPECT_NE(to_json(StatusView{}).find(R"("canary_round_trip_us":null,)"), std::string::npos);
}

TEST(MessagesTest, WithoutReportsTheyAreNull) {
  EXPECT_NE(to_json(StatusView{}).find(R"("hook":null,"nri":null,"carry":null,"carry_wanted":null,)"),
            std::string::npos);
}

TEST(MessagesTest, ProblemsFollowRfc9457) {
  EXPECT_NE(problem_json(503, "why", kNotMountedProblem).find(R"("type":"https://netclsd.io/problems/)"),
            std::string::npos);
  EXPECT_EQ(problem_json(409, "pid 7 is gone"),
            R"({"type":"about:blank","title":"Conflict","status":409,"detail":"pid 7 is gone"})");
}

TEST(MessagesTest, NamesThatAreNotUtf8DoNotThrow) {
  EXPECT_NE(
      to_json(ProcessView{.pid = Pid{7}, .comm = "\xff", .container = {}, .expected = {}, .cause = {}, .since = {}})
          .find("\xEF\xBF\xBD"),
      std::string::npos);
}

TEST(MessagesTest, EveryErrorHasAStatus) {
  EXPECT_EQ(http_status(ErrorCode::kInvalid), 400);
  EXPECT_EQ(http_status(ErrorCode::kForbidden), 403);
  EXPECT_EQ(http_status(ErrorCode::kNotFound), 404);
  EXPECT_EQ(http_status(ErrorCode::kConflict), 409);
  EXPECT_EQ(http_status(ErrorCode::kTooLarge), 413);
  EXPECT_EQ(http_status(ErrorCode::kUnavailable), 503);
  EXPECT_EQ(http_status(ErrorCode::kNotMounted), 503);
  EXPECT_EQ(http_status(ErrorCode::kSystem), 500);
}

}  // namespace
}  // namespace netclsd
