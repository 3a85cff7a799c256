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

}  // namespace
}  // namespace netclsd::cli
