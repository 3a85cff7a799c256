#include "cli/hook_install/containerd_state.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <ctime>
#include <map>
#include <string>

#include "cli/hook_install/digest.h"
#include "cli/hook_install/users.h"
#include "tests/unit/cli/hook_install/fake_containerd.h"

namespace netclsd::cli {
namespace {

using State = RuntimeState::State;
using testing::HasSubstr;
using testing::IsEmpty;

const std::string kMain = "/etc/containerd/config.toml";
const std::string kSpec = "/etc/containerd/netclsd-base-spec.json";
const std::string kTable = "[plugins.'io.containerd.grpc.v1.cri'.containerd";
const std::string kKeys =
    "runtime_type = 'io.containerd.runc.v2'\nbase_runtime_spec = '" + kSpec + "'\npod_annotations = ['netclsd.io/*']\n";
const std::string kOurs =
    "version = 2\nimports = ['/etc/containerd/conf.d/*.toml']\n" + kTable + ".runtimes.runc]\n" + kKeys;

class ContainerdStateTest : public testing::Test {
 protected:
  ContainerdStateTest() { host_.write("etc/containerd/config.toml", kOurs); }

  [[nodiscard]] RuntimeState state() const { return containerd_state(host_.tree(), manifest_); }

  void expect(State wanted, const std::string& message) const {
    const RuntimeState now = state();
    EXPECT_EQ(now.state, wanted) << now.message;
    EXPECT_THAT(now.message, HasSubstr(message));
  }

  FakeContainerdHost host_;
  Manifest manifest_{.state = InstallState::kInstalled,
                     .version = {},
                     .program = {},
                     .program_sha256 = {},
                     .programs = {},
                     .directories_made = {},
                     .files = {},
                     .changed = {}};
};

TEST_F(ContainerdStateTest, WhatWasWrittenIsReadAtTheNextStart) {
  EXPECT_EQ(state(), (RuntimeState{.runtime = "containerd", .state = State::kOk, .message = {}, .not_read_by = {}}));
  host_.write("etc/containerd/config.toml", "version = 2\n");
  expect(State::kMissing, "config.toml has no table of the CRI plugin");
}

TEST_F(ContainerdStateTest, DropInThatCameLaterReplacesBothKeys) {
  host_.write("etc/containerd/conf.d/certs.toml", "version = 2\n[plugins.'io.containerd.grpc.v1.cri'.registry]\n");
  expect(State::kMissing, "/etc/containerd/conf.d/certs.toml is imported and has the CRI plugin's table");
  host_.write("etc/containerd/conf.d/certs.toml", kTable + ".runtimes.runc]\n" + kKeys);
  expect(State::kOk, "");
  host_.write("etc/containerd/conf.d/zz.toml", "disabled_plugins = ['io.containerd.grpc.v1.cri']\n");
  expect(State::kMissing, "/etc/containerd/conf.d/zz.toml disables containerd's CRI plugin");
  host_.write("etc/containerd/conf.d/zz.toml", "imports = ['/nope.toml']\n");
  expect(State::kFailed, "/nope.toml is imported and not there");
}

TEST_F(ContainerdStateTest, VersionThreeIsReadAsContainerdTwoReadsIt) {
  const std::string table = "[plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.runc]\n";
  const std::string main = "version = 3\nimports = ['/etc/containerd/conf.d/*.toml']\n";
  host_.write("etc/containerd/config.toml", main + table + kKeys);
  expect(State::kOk, "");
  host_.write("etc/containerd/conf.d/certs.toml", "[plugins.'io.containerd.cri.v1.images'.registry]\n");
  expect(State::kOk, "");
  host_.write("etc/containerd/conf.d/other.toml", table + "pod_annotations = ['x']\n");
  expect(State::kMissing, "/etc/containerd/config.toml, with what /etc/containerd/conf.d/other.toml");
  host_.write("etc/containerd/conf.d/other.toml", "");
  host_.write("etc/containerd/config.toml", main + table);
  expect(State::kMissing,
         "/etc/containerd/config.toml: plugins.\"io.containerd.cri.v1.runtime\".containerd.runtimes.runc "
         "does not name our base spec");
}

TEST_F(ContainerdStateTest, OldFormThatIsTheDefaultMustCallItToo) {
  host_.write("etc/containerd/config.toml",
              kOurs + kTable + ".default_runtime]\nruntime_type = 'io.containerd.runc.v2'\n");
  expect(State::kMissing, "containerd.default_runtime does not name our base spec");
  manifest_.runtime_handlers = {"runc"};
  expect(State::kOk, "");
}

TEST_F(ContainerdStateTest, DaemonThatReadsAnotherFileIsTold) {
  host_.process("7", "containerd", "1", "containerd --config /srv/c.toml");
  host_.write("srv/c.toml", "version = 2\n");
  expect(State::kMissing, "containerd (pid 7) does not call the hook: /srv/c.toml has no table");
  host_.write("srv/c.toml", kOurs);
  expect(State::kOk, "");
}

TEST_F(ContainerdStateTest, DaemonWithoutCriIsNothingToUsBesideOneThatHasIt) {
  host_.process("7", "containerd", "1", "containerd --config /srv/docker.toml");
  host_.write("srv/docker.toml", "disabled_plugins = ['cri']\n");
  expect(State::kMissing, "/srv/docker.toml disables");
  host_.process("8", "containerd", "1", "containerd");
  expect(State::kOk, "");
}

TEST_F(ContainerdStateTest, ChangeOfOursThatWasNotReadIsTold) {
  host_.process("7", "containerd", "500", "containerd");
  manifest_.changed = ChangeTime{.boot_id = "b1", .at_ticks = 500};
  expect(State::kRestartNeeded, "written but not read: containerd (pid 7) was started before " + kMain + " changed");
  EXPECT_EQ(state().not_read_by, (ProcessKey{{7}, {500}}));
  manifest_.changed->at_ticks = 499;
  expect(State::kOk, "");
}

TEST_F(ContainerdStateTest, ChangeOfOthersThatWasNotReadIsToldByTheFilesTime) {
  host_.process("7", "containerd", "0", "containerd");
  const auto boot = [&](std::time_t time) { host_.write("proc/stat", "cpu 1\nbtime " + std::to_string(time) + "\n"); };
  const std::time_t now = std::time(nullptr);
  boot(now + 10);
  expect(State::kOk, "");
  boot(now - 100);
  host_.write("etc/containerd/conf.d/x.toml", "root = '/'\n");
  expect(State::kRestartNeeded, "restart it (systemctl restart containerd)");
  EXPECT_EQ(state().not_read_by, (ProcessKey{{7}, {0}}));
}

TEST_F(ContainerdStateTest, SpecThatAnotherFileNamesIsFound) {
  const ManagedFile spec{.path = kSpec, .kind = FileKind::kBaseSpec, .previous = {}, .written = {"x"}};
  manifest_.files = {spec};
  const std::string text = R"({"ociVersion":"1","hooks":{"prestart":[{"path":"/a"},{"path":"/opt/x"}]}})";
  manifest_.files[0].written = {sha256_hex(text)};
  const FilesNow now{{kSpec, Snapshot{.content = text, .attributes = {}}}};
  host_.write("etc/containerd/config.toml", "version = 2\nimports = ['conf.d/*.toml']\n# " + kSpec + "\n");
  EXPECT_THAT(find_named_specs(host_.tree(), manifest_, now, "/opt/x").specs, IsEmpty());
  host_.write("etc/containerd/conf.d/99-other.toml", kTable + ".runtimes.nvidia]\n" + kKeys);
  const NamedSpecs named = find_named_specs(host_.tree(), manifest_, now, "/opt/x");
  ASSERT_EQ(named.specs.size(), 1U);
  EXPECT_THAT(named.specs.at(kSpec), testing::AllOf(HasSubstr("/a"), testing::Not(HasSubstr("/opt/x"))));
  EXPECT_THAT(named.notes.front(), HasSubstr("/etc/containerd/conf.d/99-other.toml names " + kSpec));
}

std::vector<std::string> configs_of(const FakeContainerdHost& host) {
  std::vector<std::string> configs;
  for (const RunningContainerd& each : find_running_containerds(host.tree())) configs.push_back(each.config_path);
  return configs;
}

std::optional<std::string> named(std::string words) {
  for (char& each : words) each = each == ' ' ? '\0' : each;
  return named_config(words + '\0');
}

TEST(NamedConfigTest, TheLastOneCountsHoweverItIsWritten) {
  EXPECT_EQ(named("containerd"), "");
  EXPECT_EQ(named("/x/containerd --config /a.toml"), "/a.toml");
  EXPECT_EQ(named("containerd -c /a.toml --log-level debug --config=/b.toml"), "/b.toml");
  EXPECT_EQ(named("containerd --address config -config /a.toml"), "/a.toml");
  EXPECT_EQ(named("containerd --root /r -c=/a.toml"), "/a.toml");
}

TEST(NamedConfigTest, CommandIsNoDaemon) {
  EXPECT_EQ(named("containerd --config /a.toml config dump"), std::nullopt);
  EXPECT_EQ(named("containerd --address /run/c.sock publish --topic /tasks"), std::nullopt);
}

TEST(RunningContainerdTest, DaemonsWithThisTreesFilesAreFound) {
  const FakeContainerdHost host;
  EXPECT_THAT(configs_of(host), testing::IsEmpty());
  host.process("10", "containerd", "5001", "/usr/bin/containerd");
  host.process("11", "containerd-shim", "1", "containerd-shim");
  host.process("12", "containerd", "1", "containerd -c other.toml");
  host.process("13", "containerd", "1", "containerd config default");
  std::filesystem::create_symlink("/srv", host.path("proc/12/cwd"));
  EXPECT_THAT(configs_of(host), testing::ElementsAre(kMain, "/srv/other.toml"));
  host.write("proc/12/status", "Name:\tcontainerd\nUid:\t1000\t1000\t1000\t1000\n");
  EXPECT_THAT(configs_of(host), testing::ElementsAre(kMain)) << "a user's own";
  std::filesystem::remove(host.path("proc/10/root"));
  std::filesystem::create_directories(host.path("proc/10/root/etc/containerd"));
  EXPECT_THAT(configs_of(host), testing::IsEmpty()) << "it sees another /etc";
}

TEST(RunningContainerdTest, ProgramIsTheOneThatRunsAndIsStillThere) {
  const FakeContainerdHost host;
  host.process("10", "containerd", "1", "containerd");
  host.write("opt/k/containerd", "");
  std::filesystem::create_symlink("/opt/k/containerd (deleted)", host.path("proc/10/exe"));
  EXPECT_EQ(find_running_containerds(host.tree()).front().program, "/opt/k/containerd");
  std::filesystem::remove(host.path("opt/k/containerd"));
  EXPECT_EQ(find_running_containerds(host.tree()).front().program, "");
}

TEST(RunningContainerdTest, ServiceIsTheOneThatItRunsIn) {
  const FakeContainerdHost host;
  EXPECT_EQ(containerd_service(host.tree()), "containerd");
  host.process("10", "containerd", "1", "containerd");
  EXPECT_EQ(containerd_service(host.tree()), "containerd");
  for (const auto& [cgroup, service] : std::map<std::string, std::string>{
           {"0::/system.slice/k3s-agent.service\n", "k3s-agent"},
           {"4:memory:/x\n1:name=systemd:/../../system.slice/rke2-server.service/below\n", "rke2-server"},
           {"0::/user.slice/user-1000.slice/user@1000.service/app.slice/x.service\n", "containerd"},
           {"0::/system.slice/docker-ab12.scope\n", "containerd"}}) {
    host.write("proc/10/cgroup", cgroup);
    EXPECT_EQ(containerd_service(host.tree()), service) << cgroup;
  }
}

TEST(RunningContainerdTest, OnlyAnOlderOneWithThatConfigurationCounts) {
  const FakeContainerdHost host;
  const ChangeTime changed{.boot_id = "b1", .at_ticks = 5000};
  host.process("10", "containerd", "5001", "containerd");
  host.process("12", "containerd", "1", "containerd -c /other.toml");
  EXPECT_EQ(find_older_containerd(host.tree(), kMain, changed), std::nullopt);
  host.process("13", "containerd", "5000", "containerd --config " + kMain);
  EXPECT_EQ(find_older_containerd(host.tree(), kMain, changed), (ProcessKey{{13}, {5000}}));
  EXPECT_EQ(find_older_containerd(host.tree(), "/other.toml", changed), (ProcessKey{{12}, {1}}));
  EXPECT_EQ(find_older_containerd(host.tree(), kMain, {.boot_id = "b0", .at_ticks = 5000}), std::nullopt)
      << "rebooted since";
}

}  // namespace
}  // namespace netclsd::cli
