#include "cli/render.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace netclsd::cli {
namespace {

using ::testing::HasSubstr;

Json json(const char* text) { return *parse_json_object(text, "answer"); }

TEST(RenderTest, NoContainersAreSaidInWords) {
  EXPECT_EQ(render_list(json(R"({"containers":[]})")), "no containers\n");
}

TEST(RenderTest, ContainersAreATable) {
  EXPECT_EQ(render_list(json(R"({"containers":[{"id":"ab12","classid":"10:1","class":null,"source":"hook","pid":7,
                                 "processes":2,"registered_at":"1970-01-01T00:00:00.000Z"}]})")),
            "ID    CLASSID  CLASS  SOURCE  PID  PROCESSES  REGISTERED\n"
            "ab12  10:1     -      hook    7    2          1970-01-01T00:00:00.000Z\n");
}

TEST(RenderTest, AContainerShowsItsProcesses) {
  const std::string text = render_container(json(R"({"id":"ab12","classid":"10:1","adopted":true,
                                                     "processes":[{"pid":7,"comm":"sh","placed":true}]})"));
  EXPECT_THAT(text, HasSubstr("container   ab12\n"));
  EXPECT_THAT(text, HasSubstr("adopted     yes\n"));
  EXPECT_THAT(text, HasSubstr("PID  COMMAND  PLACED\n7    sh       yes\n"));
}

TEST(RenderTest, NamesCannotSteerTheTerminal) {
  EXPECT_EQ(render_process(json(R"({"comm":"a\u001b[31m\nb"})")).find('\x1b'), std::string::npos);
}

TEST(RenderTest, AnAnswerOfAnotherShapeIsShownAsFarAsItGoes) {
  EXPECT_THAT(render_process(json("{}")), HasSubstr("pid        -\n"));
  EXPECT_THAT(render_status(json(R"({"counters":[],"not_ready_because":7})")), HasSubstr("ready            -\n"));
  EXPECT_THAT(render_list(json(R"({"containers":[7]})")), HasSubstr("-"));
  EXPECT_EQ(render_list(json(R"({"containers":"x"})")), "no containers\n");
  EXPECT_THAT(render_container(json(R"({"processes":3})")), HasSubstr("container   -\n"));
}

TEST(RenderTest, StatusSaysWhyNotReadyAndCounts) {
  const std::string text =
      render_status(json(R"({"ready":false,"not_ready_because":["first sweep runs"],"counters":{"overruns":3}})"));
  EXPECT_THAT(text, HasSubstr("not ready: first sweep runs\n"));
  EXPECT_THAT(text, HasSubstr("COUNTER   VALUE\noverruns  3\n"));
}

TEST(RenderTest, StatusWarnsOfTheKernel) {
  EXPECT_THAT(render_status(json(R"({"kernel_warnings":["favordynmods is on"]})")),
              HasSubstr("kernel: favordynmods is on\n"));
}

TEST(RenderTest, StatusShowsWhatWasReportedOfTheHook) {
  const std::string text = render_status(json(R"({"hook":{"state":"degraded","message":"restart containerd","runtimes":[
      {"runtime":"containerd","state":"restart_needed","message":"runs since before the change"},
      {"runtime":"podman","state":"ok","message":""}]}})"));
  EXPECT_THAT(text, HasSubstr("\nhook degraded: restart containerd\n"
                              "RUNTIME     HOOK            MESSAGE\n"
                              "containerd  restart_needed  runs since before the change\n"
                              "podman      ok              -\n"));
  EXPECT_THAT(render_status(json(R"({"hook":null})")), testing::Not(HasSubstr("hook")));
  EXPECT_THAT(render_status(json(R"({"hook":{"state":"ok","message":"","runtimes":7}})")), HasSubstr("hook ok: -\n"));
}

TEST(RenderTest, StatusShowsTheCarrier) {
  const std::string text =
      render_status(json(R"({"carry":{"state":"degraded","message":"veth1: no memory","kernel":"tcx",
      "carriers":3,"repairs":1,"differing":0,"uncounted":9}})"));
  EXPECT_THAT(text, HasSubstr("\ncarry degraded: veth1: no memory\n"
                              "  carriers                3\n"
                              "  attached by             tcx\n"
                              "  put back                1\n"
                              "  packets of two classes  0\n"
                              "  packets not counted     9\n"));
  EXPECT_THAT(render_status(json(R"({"carry":null})")), testing::Not(HasSubstr("carr")));
  EXPECT_THAT(render_status(json(R"({"carry":{"state":"ok","message":""}})")), HasSubstr("\ncarry ok\n"));
}

TEST(RenderTest, AContainerShowsHowItIsCarried) {
  EXPECT_THAT(render_container(json(R"({"id":"ab12","carriers":[{"interface":"veth1","how":"tcx"},
      {"interface":"veth2","how":"netkit"}],"packets":7,"bytes":700,"by_fallback":2,"carry_problem":"veth3: no memory"})")),
              HasSubstr("\ncarried at veth1 (tcx), veth2 (netkit)\n"
                        "sent 7 packets, 700 bytes; 2 packets had their class from the cgroup\n"
                        "not carried as it should be: veth3: no memory\n"));
  EXPECT_THAT(render_container(json(R"({"carriers":[],"packets":null,"carry_problem":null})")),
              HasSubstr("\ncarried at no interface\n\n"));
  EXPECT_THAT(render_container(json(R"({"carriers":null})")), testing::Not(HasSubstr("carried")));
  EXPECT_THAT(render_container(json(R"({"carriers":[7]})")), HasSubstr("carried at no interface")) << "another shape";
}

TEST(RenderTest, ASweepIsASentence) {
  EXPECT_EQ(render_sweep(json(R"({"processes_seen":5,"members":4,"strays":3,"moved":2,"failed":1,"duration_ms":1.5})")),
            "5 processes seen, 4 members, 3 strays, 2 moved, 1 failed, in 1.5 ms\n");
}

TEST(TableTest, ColumnsAreAlignedWithoutTrailingBlanks) {
  EXPECT_EQ(align({{"ID", "CLASS"}, {"ab12", "10:1"}, {"c", ""}}), "ID    CLASS\nab12  10:1\nc\n");
}

TEST(TableTest, RowsMayBeOfDifferentLength) { EXPECT_EQ(align({{"a"}, {"bb", "c"}}), "a\nbb  c\n"); }

TEST(TableTest, NoRowsAreNoText) { EXPECT_EQ(align({}), ""); }

}  // namespace
}  // namespace netclsd::cli
