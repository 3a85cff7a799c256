#include "cli/hook_install/wanted.h"

#include <gtest/gtest.h>

#include "tests/unit/common/temporary_directory.h"

namespace netclsd::cli {
namespace {

TEST(FindRuntimesTest, RuntimesAreFoundByProgramOrConfiguration) {
  const TemporaryDirectory root;
  const auto tree = RootTree::open(root.path());
  ASSERT_TRUE(tree);
  EXPECT_TRUE(find_runtimes(*tree).empty());
  root.write("usr/bin/podman", "");
  root.write("etc/crio/crio.conf", "");
  const auto found = find_runtimes(*tree);
  ASSERT_EQ(found.size(), 2U);
  EXPECT_EQ(found[0].where, "/usr/bin/podman");
  EXPECT_EQ(found[1].where, "/etc/crio");
}

}  // namespace
}  // namespace netclsd::cli
