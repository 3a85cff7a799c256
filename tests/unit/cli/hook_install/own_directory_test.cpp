#include "cli/hook_install/own_directory.h"

#include <gtest/gtest.h>

#include "cli/hook_install/digest.h"

namespace netclsd::cli {
namespace {

TEST(ProgramTest, OnlyTheHookIsTakenForTheHook) {
  EXPECT_EQ(parse_hook_version("netclsd-hook 0.1.0 (abc)\n").value_or(""), "0.1.0");
  for (const char* text : {"", "netclsd 0.1.0 (abc)", "netclsd-hook", "netclsd-hook ../x (a)"}) {
    EXPECT_FALSE(parse_hook_version(text)) << text;
  }
}

TEST(DigestTest, IsSha256) {
  EXPECT_EQ(sha256_hex("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(sha256_hex(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

}  // namespace
}  // namespace netclsd::cli
