#include "cli/hook_install/base_spec.h"

#include <gtest/gtest.h>

namespace netclsd::cli {
namespace {

TEST(BaseSpecTest, BuiltInSpecIsOneThatARuntimeTakes) {
  const auto spec = parse_spec(built_in_spec(), "built-in");
  ASSERT_TRUE(spec) << spec.error().message();
  EXPECT_EQ(spec->at("linux").at("namespaces").size(), 5U);
  EXPECT_EQ(spec->at("mounts").size(), 7U);
}

TEST(BaseSpecTest, SecurityDefaultsAreTakenOutAndNothingElse) {
  const auto spec = parse_spec(R"({"ociVersion":"1","process":{"rlimits":[1],"apparmorProfile":"x","cwd":"/"},
                                   "linux":{"seccomp":{},"maskedPaths":["/a"]}})",
                               "spec");
  EXPECT_EQ(without_security_defaults(*spec).dump(),
            R"({"ociVersion":"1","process":{"cwd":"/"},"linux":{"maskedPaths":["/a"]}})");
}

TEST(BaseSpecTest, WhatIsNoSpecIsRefused) {
  EXPECT_EQ(parse_spec("{", "/a.json").error().message(), "/a.json is not a JSON object");
  EXPECT_EQ(parse_spec("[]", "/a.json").error().message(), "/a.json is not a JSON object");
  EXPECT_EQ(parse_spec("{}", "/a.json").error().message(), "/a.json is no OCI spec: it has no ociVersion");
}

}  // namespace
}  // namespace netclsd::cli
