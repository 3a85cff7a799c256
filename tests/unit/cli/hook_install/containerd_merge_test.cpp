#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cli/hook_install/containerd_config.h"

namespace netclsd::cli {
namespace {

const std::string kTwosTable = "[plugins.'io.containerd.grpc.v1.cri'";
const std::string kThreesTable = "[plugins.'io.containerd.cri.v1.runtime'";
const std::string kRuncOfOurs =
    ".containerd.runtimes.runc]\nbase_runtime_spec = '/etc/containerd/netclsd-base-spec.json'\n"
    "pod_annotations = ['netclsd.io/*']\n";
const std::string kRuncsOptions = ".containerd.runtimes.runc.options]\nSystemdCgroup = true\n";

// The handlers that call our hook, and then the others.
std::string calling(const std::vector<std::string>& texts) {
  const auto merged = merge_containerd_configs({texts.begin(), texts.end()});
  if (!merged) return merged.error().message();
  std::string calling;
  std::string others;
  for (const RuntimeHandler& each : with_built_in(*merged, Generation::kTwo)) {
    (calls_our_hook(each) ? calling : others) += each.name + " ";
  }
  return calling + "| " + others;
}

TEST(ContainerdMergeTest, TablesAreMergedKeyByKeyAndTheLastFileWins) {
  const std::string main = "version = 3\n" + kThreesTable + kRuncOfOurs;
  EXPECT_EQ(calling({main}), "runc | ");
  EXPECT_EQ(calling({main, "version = 3\n" + kThreesTable + ".cni]\nbin_dir = '/x'\n" + kThreesTable + kRuncsOptions}),
            "runc | ");
  EXPECT_EQ(calling({main, kThreesTable + ".containerd.runtimes.kata]\nruntime_type = 'kata'\n"}), "runc | kata ");
  EXPECT_EQ(calling({main, kThreesTable + ".containerd.runtimes.runc]\npod_annotations = ['x']\n"}), "| runc ");
  EXPECT_EQ(calling({main, kThreesTable + ".containerd.runtimes.runc]\nbase_runtime_spec = ''\n"}), "| runc ");
  EXPECT_EQ(calling({"version = 3\n", main}), "runc | ");
}

TEST(ContainerdMergeTest, VersionTwoMovesToTheOtherPluginUnlessAFileIsNewer) {
  const std::string main = "version = 2\n" + kTwosTable + kRuncOfOurs;
  EXPECT_EQ(calling({main}), "runc | ");
  EXPECT_EQ(calling({main, "version = 2\n" + kTwosTable + ".registry]\nconfig_path = '/x'\n"}), "runc | ");
  EXPECT_EQ(calling({main, "version = 3\n[debug]\nlevel = 'info'\n"}), "| runc ") << "seen with containerd 2.1";
  EXPECT_EQ(calling({"version = 3\n" + kThreesTable + kRuncsOptions, main}), "| runc ");
  EXPECT_EQ(calling({main + kThreesTable + ".containerd.runtimes.kata]\n"}), "| kata runc ")
      << "what the new plugin's table has counts as a whole";
}

TEST(ContainerdMergeTest, WithoutAVersionOnlyTheNewPluginCounts) {
  EXPECT_EQ(calling({kThreesTable + kRuncOfOurs}), "runc | ");
  EXPECT_EQ(calling({kTwosTable + kRuncOfOurs}), "| runc ");
  const auto merged = merge_containerd_configs({"root = '/r'\n"});
  EXPECT_FALSE(merged->has_version);
  EXPECT_EQ(merged->version, 1);
}

TEST(ContainerdMergeTest, OldFormsDoNotCountAndAnyFileDisables) {
  EXPECT_EQ(calling({"version = 2\n" + kTwosTable +
                     ".containerd.default_runtime]\nruntime_type = 'io.containerd.runc.v2'\n"}),
            "| runc ");
  const auto merged = merge_containerd_configs(
      {"disabled_plugins = ['a']\nversion = 3\n", "disabled_plugins = ['io.containerd.grpc.v1.cri']\n"});
  EXPECT_TRUE(merged->is_cri_disabled);
  EXPECT_EQ(merged->version, 3);
}

}  // namespace
}  // namespace netclsd::cli
