#include "cli/doctor/read_facts.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "tests/unit/cli/hook_install/fake_containerd.h"
#include "tests/unit/common/temporary_directory.h"

namespace netclsd::cli {
namespace {

TEST(DoctorFactsTest, FactsAreReadBelowTheRoot) {
  const TemporaryDirectory root;
  root.write("proc/cgroups", "controllers");
  root.write("proc/cmdline", "parameters");
  root.write("run/netclsd/spool/ab12.json", "{}");
  root.write("run/netclsd/spool/.cd34.json.tmp", "{");
  const HostFacts facts = read_facts(root.path(), [](const ApiRequest&) {
    return ApiResponse{200, R"({"ready":true})"};
  });
  EXPECT_EQ(facts.controllers, "controllers");
  EXPECT_EQ(facts.boot_parameters, "parameters");
  EXPECT_EQ(facts.connectors, "");
  EXPECT_EQ(facts.spool_entries.value_or(7), 1U);
  EXPECT_EQ(facts.agent_status.value_or(Json()), (Json{{"ready", true}}));
}

Result<ApiResponse> answer_with_status(const ApiRequest& request, const std::string& status) {
  return ApiResponse{200, request.target == "/v1/status" ? status : "{}"};
}

TEST(DoctorFactsTest, FindsWhereTheAgentLivesByItsPidAndName) {
  const TemporaryDirectory root;
  const auto read = [&](const std::string& status) {
    return read_facts(root.path(), [&](const ApiRequest& request) { return answer_with_status(request, status); });
  };
  root.write("proc/self/net/connector", "cn_proc 1:1\n");
  root.write("proc/12/comm", "netclsd\n");
  root.write("proc/12/status", "Name:\tnetclsd\nCapInh:\t0000000000000001\nCapPrm:\t0000000000001000\n");
  std::filesystem::create_directories(root.path("proc/12/ns"));
  std::filesystem::create_symlink("pid:[4026532208]", root.path("proc/12/ns/pid"));
  root.write("proc/13/comm", "sleep\n");
  const HostFacts facts = read(R"({"pid":12})");
  EXPECT_EQ(facts.own_place.connectors, "cn_proc 1:1\n");
  EXPECT_EQ(facts.own_place.capabilities, std::nullopt);
  ASSERT_TRUE(facts.agents_place.has_value());
  EXPECT_EQ(facts.agents_place->pid_namespace, "pid:[4026532208]");
  EXPECT_EQ(facts.agents_place->user_namespace, "");
  EXPECT_EQ(facts.agents_place->capabilities, 0x1000U);
  EXPECT_FALSE(read(R"({"pid":13})").agents_place.has_value()) << "somebody else's pid here";
  EXPECT_FALSE(read(R"({"pid":99})").agents_place.has_value());
  EXPECT_FALSE(read("{}").agents_place.has_value()) << "an older agent";
}

TEST(DoctorFactsTest, ReadsWhatTheKernelWasBuiltWithAndHowItForwards) {
  const TemporaryDirectory root;
  const auto ask = [](const ApiRequest&) { return ApiResponse{503, "busy"}; };
  EXPECT_FALSE(read_facts(root.path(), ask).kernel_config.has_value());
  const std::string release = read_facts(root.path(), ask).kernel_release;
  root.write("boot/config-" + release, "CONFIG_CONNECTOR=y\n");
  root.write("proc/sys/net/ipv4/ip_forward_update_priority", "1\n");
  EXPECT_EQ(read_facts(root.path(), ask).kernel_config.value(), (KernelConfig{{"CONNECTOR", 'y'}}));
  EXPECT_EQ(read_facts(root.path(), ask).forward_update_priority, "1\n");
}

TEST(DoctorFactsTest, AnInterfaceOfAnotherNetworkNamespaceIsNotLookedAt) {
  const HostFacts facts = read_facts(TemporaryDirectory().path(), [](const ApiRequest&) {
    return ApiResponse{200, R"({"containers":[{"id":"a","carriers":[{"interface":"lo","ifindex":4711}]},
                                              {"id":"b","carriers":[{"interface":"lo","ifindex":4711}]}]})"};
  });
  ASSERT_EQ(facts.carried.size(), 1U) << "once for all containers of a pod";
  EXPECT_EQ(facts.carried[0].has_gro, std::nullopt);
  EXPECT_THAT(facts.carried[0].unreadable_because, testing::HasSubstr("network namespace"));
}

TEST(DoctorFactsTest, AnInterfaceOfOursIsLookedAt) {
  const HostFacts facts = read_facts(TemporaryDirectory().path(), [](const ApiRequest&) {
    return ApiResponse{200, R"({"containers":[{"id":"a","carriers":[{"interface":"lo","ifindex":1}]}]})"};
  });
  ASSERT_EQ(facts.carried.size(), 1U);
  EXPECT_EQ(facts.carried[0].has_gro, true) << "the loopback interface always has it";
  EXPECT_EQ(facts.carried[0].unreadable_because, "");
}

std::string config_with(const std::string& handler) {
  return "version = 2\n[plugins.\"io.containerd.grpc.v1.cri\".containerd.runtimes.runc]\n"
         "  runtime_type = \"io.containerd.runc.v2\"\n" +
         handler;
}

TEST(DoctorFactsTest, FindsAContainerdThatCallsTheHookWithoutOurAnnotations) {
  const FakeContainerdHost host;
  EXPECT_TRUE(find_annotations(host.path("")).empty());
  host.process("12", "containerd", "500", "/usr/bin/containerd");
  const auto found = [&](const std::string& handler) {
    host.write("etc/containerd/config.toml", config_with(handler));
    return find_annotations(host.path("")).at(0);
  };
  const std::string spec = "  base_runtime_spec = \"/etc/containerd/base.json\"\n";
  EXPECT_EQ(found("").config_path, "/etc/containerd/config.toml");
  EXPECT_THAT(found("").handlers_without, testing::ElementsAre("runc"));
  EXPECT_FALSE(found("").calls_hook);
  host.write("etc/containerd/base.json", R"({"hooks":{"prestart":[{"path":"/opt/netclsd/netclsd-hook"}]}})");
  EXPECT_TRUE(found(spec).calls_hook);
  for (const char* passed : {"netclsd.io/*", "netclsd.io/classid", "*/*"}) {
    const auto passing = found(spec + "  pod_annotations = [\"" + passed + "\"]\n");
    EXPECT_TRUE(passing.handlers_without.empty()) << passed;
  }
  EXPECT_FALSE(found(spec + "  pod_annotations = [\"*\"]\n").handlers_without.empty()) << "it takes no slash";
  host.write("etc/containerd/config.toml", "version = \"two\"");
  EXPECT_NE(find_annotations(host.path("")).at(0).unreadable_because, "");
}

TEST(DoctorFactsTest, FindsARunningCgrulesengdAndItsRules) {
  const TemporaryDirectory root;
  root.write("proc/1/comm", "init\n");
  root.write("proc/4711/comm", "cgrulesengd\n");
  root.write("proc/meminfo", "");
  root.write("etc/cgrules.conf", "one");
  root.write("etc/cgrules.d/more.conf", "two");
  const auto ask = [](const ApiRequest&) { return ApiResponse{503, "busy"}; };
  const HostFacts facts = read_facts(root.path(), ask);
  EXPECT_EQ(facts.rules_daemon, "4711");
  EXPECT_EQ(facts.rules, "one\ntwo");
  EXPECT_EQ(read_facts(TemporaryDirectory().path(), ask).rules_daemon, std::nullopt);
}

// Written where containerd's shim does; `pid`: which proc has, or not.
void write_bundle(const TemporaryDirectory& root, const std::string& id, const std::string& annotations,
                  const std::string& pid) {
  const std::string bundle = "run/containerd/io.containerd.runtime.v2.task/k8s.io/" + id + "/";
  root.write(bundle + "config.json", R"({"ociVersion":"1.1.0","annotations":{)" + annotations + "}}");
  root.write(bundle + "init.pid", pid);
}

TEST(DoctorFactsTest, FindsRunningContainersThatAskForAClass) {
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
  const AskingContainers asking = read_facts(root.path(), [](const ApiRequest&) {
                                    return ApiResponse{503, ""};
                                  }).asking;
  std::vector<std::string> found;
  for (const AskingContainer& each : asking.found) found.push_back(each.id + ": " + each.name);
  EXPECT_THAT(found, testing::ElementsAre("asks: shop/web/nginx (pid 7)", "asks-wrongly: asks-wrongly (pid 7)",
                                          "podmans: podmans (pid 7)"));
  EXPECT_TRUE(asking.is_complete);
}

TEST(DoctorFactsTest, NoSpoolMeansNothingWaits) {
  const TemporaryDirectory root;
  const HostFacts facts = read_facts(root.path(), [](const ApiRequest&) { return ApiResponse{503, "busy"}; });
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
