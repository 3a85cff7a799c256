#include "cli/hook_install/containerd_owner.h"

#include <gtest/gtest.h>

namespace netclsd::cli {
namespace {

TEST(ContainerdOwnerTest, TemplateGoesByContainerdsGeneration) {
  const std::string k3s = "/var/lib/rancher/k3s/agent/etc/containerd/config.toml";
  EXPECT_EQ(generator_of(k3s, Generation::kOne), "k3s, from config.toml.tmpl beside it");
  EXPECT_EQ(generator_of(k3s, Generation::kTwo), "k3s, from config-v3.toml.tmpl beside it");
  EXPECT_EQ(generator_of("/run/containerd/config.toml", Generation::kTwo),
            "whoever starts containerd (/run is empty at each boot)");
  EXPECT_EQ(generator_of("/etc/containerd/config.toml", Generation::kTwo), "");
}

TEST(ContainerdOwnerTest, ADropInIsWhereTheConfigurationImportsIt) {
  const std::string directory = "/var/lib/rancher/rke2/agent/etc/containerd";
  const auto config = [&](const std::string& version, const std::string& imported) {
    return *parse_containerd_config("version = " + version + "\nimports = ['" + imported + "/*.toml']\n");
  };
  const std::string drop_ins = directory + "/config-v3.toml.d";
  EXPECT_EQ(drop_in_beside(directory + "/config.toml", config("3", drop_ins)), drop_ins + "/netclsd.toml");
  EXPECT_EQ(drop_in_beside(directory + "/config.toml", config("3", "/etc/x")), "");
  EXPECT_EQ(drop_in_beside(directory + "/config.toml", config("2", drop_ins)), "") << "there it would replace all";
  EXPECT_EQ(drop_in_beside("/etc/containerd/config.toml", config("3", "/etc/containerd/config-v3.toml.d")), "");
}

}  // namespace
}  // namespace netclsd::cli
