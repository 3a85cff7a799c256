#include "cli/hook_install/found.h"

#include <gtest/gtest.h>

#include "cli/hook_install/digest.h"
#include "cli/hook_install/program.h"
#include "tests/unit/common/temporary_directory.h"

namespace netclsd::cli {
namespace {

TEST(FoundTest, VersionsAsPackagesPrintThem) {
  EXPECT_EQ(parse_containerd_version("containerd github.com/containerd/containerd 1.6.20~ds1 1.6.20~ds1-1"), "1.6.20");
  EXPECT_EQ(parse_containerd_version("containerd containerd.io v2.1.4 75cb2b7193e4\n"), "2.1.4");
  EXPECT_EQ(parse_containerd_version("2.0"), "2.0");
  EXPECT_EQ(parse_containerd_version("containerd"), std::nullopt);
  EXPECT_EQ(parse_containerd_version("5"), std::nullopt) << "a revision is no version";
  EXPECT_EQ(major_of("1.7.2"), 1);
  EXPECT_EQ(major_of("x.7"), std::nullopt);
}

TEST(FoundTest, RuntimesAreFoundByProgramOrConfiguration) {
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

TEST(DigestTest, IsSha256) {
  EXPECT_EQ(sha256_hex("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(sha256_hex(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

TEST(ProgramTest, OnlyTheHookIsTakenForTheHook) {
  EXPECT_EQ(parse_hook_version("netclsd-hook 0.1.0 (abc)\n").value_or(""), "0.1.0");
  for (const char* text : {"", "netclsd 0.1.0 (abc)", "netclsd-hook", "netclsd-hook ../x (a)"}) {
    EXPECT_FALSE(parse_hook_version(text)) << text;
  }
}

}  // namespace
}  // namespace netclsd::cli
