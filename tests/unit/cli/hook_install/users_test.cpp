#include "cli/hook_install/users.h"

#include <gtest/gtest.h>

#include "tests/unit/common/temporary_directory.h"

namespace netclsd::cli {
namespace {

class UsersTest : public testing::Test {
 protected:
  TemporaryDirectory root_;
  RootTree tree_ = *RootTree::open(root_.path());
};

TEST_F(UsersTest, BundlesAreFoundWhereverRuntimesKeepThem) {
  EXPECT_EQ(find_bundle_calling(tree_, "/opt/x"), std::nullopt);
  const std::string bundle = "/run/k3s/containerd/io.containerd.runtime.v2.task/k8s.io/c1/";
  root_.write(bundle.substr(1) + "config.json", R"({"hooks":{"poststop":[{"path":"/opt/x"}]}})");
  root_.write(bundle.substr(1) + "init.pid", "7");
  EXPECT_EQ(find_bundle_calling(tree_, "/opt/x"), bundle + "config.json");
  EXPECT_EQ(find_bundle_calling(tree_, "/opt/y"), std::nullopt);
}

TEST_F(UsersTest, PrestartIsNotCalledAnyMoreInACreatedContainer) {
  const std::string bundle = "run/containerd/io.containerd.runtime.v2.task/k8s.io/c1/";
  root_.write(bundle + "config.json", R"({"hooks":{"prestart":[{"path":"/opt/x"}],"poststop":[{"path":"/y"}]}})");
  EXPECT_EQ(find_bundle_calling(tree_, "/opt/x"), "/" + bundle + "config.json");
  root_.write(bundle + "init.pid", "7");
  EXPECT_EQ(find_bundle_calling(tree_, "/opt/x"), std::nullopt);
  root_.write(bundle + "config.json", "/opt/x, and no JSON");
  EXPECT_EQ(find_bundle_calling(tree_, "/opt/x"), "/" + bundle + "config.json");
}

}  // namespace
}  // namespace netclsd::cli
