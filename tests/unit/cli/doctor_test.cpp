#include "cli/doctor.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/common/temporary_directory.h"

namespace netclsd::cli {
namespace {

const Check kOk{Verdict::kOk, "a", "fine"};
const Check kWarn{Verdict::kWarn, "bb", "hm"};
const Check kFail{Verdict::kFail, "c", "broken"};

TEST(DoctorTest, TheWorstVerdictIsTheExitStatus) {
  EXPECT_EQ(report_checks({kOk}, OutputFormat::kTable).exit_status, 0);
  EXPECT_EQ(report_checks({kOk, kWarn}, OutputFormat::kTable).exit_status, 3);
  EXPECT_EQ(report_checks({kFail, kWarn}, OutputFormat::kTable).exit_status, 1);
}

TEST(DoctorTest, EachCheckIsALine) {
  EXPECT_EQ(report_checks({kOk, kWarn}, OutputFormat::kTable).text, "ok    a   fine\nwarn  bb  hm\n");
  EXPECT_EQ(report_checks({kOk}, OutputFormat::kJson).text,
            "{\"checks\":[{\"verdict\":\"ok\",\"name\":\"a\",\"text\":\"fine\"}]}\n");
}

TEST(DoctorTest, FactsAreReadBelowTheRoot) {
  const TemporaryDirectory root;
  root.write("proc/cgroups", "controllers");
  root.write("proc/cmdline", "parameters");
  root.write("run/netclsd/spool/ab12.json", "{}");
  root.write("run/netclsd/spool/.cd34.json.tmp", "{");
  const HostFacts facts = collect_facts(root.path(), [](const ApiRequest&) {
    return ApiResponse{200, R"({"ready":true})"};
  });
  EXPECT_EQ(facts.controllers, "controllers");
  EXPECT_EQ(facts.boot_parameters, "parameters");
  EXPECT_EQ(facts.connectors, "");
  EXPECT_EQ(facts.spool_entries.value_or(7), 1U);
  EXPECT_EQ(facts.agent_status.value_or(""), R"({"ready":true})");
}

TEST(DoctorTest, FindsARunningCgrulesengdAndItsRules) {
  const TemporaryDirectory root;
  root.write("proc/1/comm", "init\n");
  root.write("proc/4711/comm", "cgrulesengd\n");
  root.write("proc/meminfo", "");
  root.write("etc/cgrules.conf", "one");
  root.write("etc/cgrules.d/more.conf", "two");
  const auto ask = [](const ApiRequest&) { return ApiResponse{503, "busy"}; };
  const HostFacts facts = collect_facts(root.path(), ask);
  EXPECT_EQ(facts.rules_daemon, "4711");
  EXPECT_EQ(facts.rules, "one\ntwo");
  EXPECT_EQ(collect_facts(TemporaryDirectory().path(), ask).rules_daemon, std::nullopt);
}

// Written where containerd's shim does; `pid`: which proc has, or not.
void write_bundle(const TemporaryDirectory& root, const std::string& id, const std::string& annotations,
                  const std::string& pid) {
  const std::string bundle = "run/containerd/io.containerd.runtime.v2.task/k8s.io/" + id + "/";
  root.write(bundle + "config.json", R"({"ociVersion":"1.1.0","annotations":{)" + annotations + "}}");
  root.write(bundle + "init.pid", pid);
}

TEST(DoctorTest, FindsRunningContainersThatAskForAClass) {
  const TemporaryDirectory root;
  root.write("proc/7/comm", "init");
  const std::string gold = R"("netclsd.io/class":"gold")";
  write_bundle(root, "asks", gold + R"(,"io.kubernetes.cri.container-type":"container",
      "io.kubernetes.cri.sandbox-namespace":"shop","io.kubernetes.cri.sandbox-name":"web",
      "io.kubernetes.cri.container-name":"nginx")",
               "7");
  write_bundle(root, "asks-wrongly", R"("netclsd.io/classid":"ten")", "7\n");
  write_bundle(root, "ended", gold, "8");
  write_bundle(root, "for-another", R"("netclsd.io/class.other":"gold")", "7");
  write_bundle(root, "pause", gold + R"(,"io.kubernetes.cri.container-type":"sandbox")", "7");
  write_bundle(root, "plain", "", "7");
  write_bundle(root, "no-pid", gold, "");
  root.write("run/containers/storage/overlay-containers/podmans/userdata/config.json",
             R"({"ociVersion":"1.0.2","annotations":{"netclsd.io/class":"gold"}})");
  root.write("run/containers/storage/overlay-containers/podmans/userdata/pidfile", "7");
  const AskingContainers asking = collect_facts(root.path(), [](const ApiRequest&) {
                                    return ApiResponse{503, ""};
                                  }).asking;
  std::vector<std::string> found;
  for (const AskingContainer& each : asking.found) found.push_back(each.id + ": " + each.name);
  EXPECT_THAT(found, testing::ElementsAre("asks: shop/web/nginx (pid 7)", "asks-wrongly: asks-wrongly (pid 7)",
                                          "podmans: podmans (pid 7)"));
  EXPECT_TRUE(asking.is_complete);
}

TEST(DoctorTest, NoSpoolMeansNothingWaits) {
  const TemporaryDirectory root;
  const HostFacts facts = collect_facts(root.path(), [](const ApiRequest&) { return ApiResponse{503, "busy"}; });
  EXPECT_EQ(facts.spool_entries.value_or(7), 0U);
  EXPECT_EQ(facts.agent_status.error().message(), "answered 503: busy");
}

TEST(DoctorProgramsTest, NodeAndBunAreKnownByNameAndJavaByWhatItRuns) {
  EXPECT_TRUE(is_likely_misled("/usr/bin/node", "MainThread", ""));
  EXPECT_TRUE(is_likely_misled("/root/.bun/bin/bun", "bun", ""));
  EXPECT_TRUE(is_likely_misled("", "node", "")) << "its exe cannot be read";
  EXPECT_TRUE(is_likely_misled("/jdk/bin/java", "java", "java -cp /usr/share/elasticsearch/lib org.elasticsearch"));
  EXPECT_TRUE(is_likely_misled("/jdk/bin/java", "java", "-Dopensearch.path.home=/x"));
  EXPECT_FALSE(is_likely_misled("/jdk/bin/java", "java", "java -jar shop.jar"));
  EXPECT_FALSE(is_likely_misled("/usr/bin/vim", "vim", "vim elasticsearch.yml"));
  EXPECT_FALSE(is_likely_misled("/usr/bin/node_exporter", "node_exporter", ""));
}

TEST(DoctorProgramsTest, AllAreCountedAndSomeNamed) {
  const TemporaryDirectory proc;
  for (int pid = 10; pid < 30; ++pid) {
    proc.write(std::to_string(pid) + "/comm", "node\n");
    proc.write(std::to_string(pid) + "/cmdline", "");
  }
  proc.write("40/comm", "sh\n");
  proc.write("self/comm", "node\n");
  const MisledPrograms found = find_misled_programs(proc.path());
  EXPECT_EQ(found.count, 20U);
  EXPECT_EQ(found.examples.size(), kExamplesMax);
  EXPECT_THAT(found.examples.front(), testing::StartsWith("node (pid "));
}

}  // namespace
}  // namespace netclsd::cli
