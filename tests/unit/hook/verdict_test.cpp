#include "hook/verdict.h"

#include <gtest/gtest.h>

namespace netclsd::hook {
namespace {

HookOptions deny() {
  HookOptions options;
  options.on_failure = OnFailure::kDeny;
  options.deny_exempt_namespaces = {"kube-system"};
  return options;
}

const Subject kContainer{.container = "ab12", .pod_namespace = "shop", .is_release = false};

TEST(VerdictTest, AllowLetsTheContainerStart) {
  EXPECT_EQ(failed({}, kContainer, "agent is away"),
            (Outcome{0, "netclsd-hook: container ab12: agent is away; the container starts"}));
}

TEST(VerdictTest, DenyRefusesTheContainer) {
  EXPECT_EQ(failed(deny(), kContainer, "agent is away"),
            (Outcome{1, "netclsd-hook: container ab12: agent is away; the container is refused"}));
}

TEST(VerdictTest, ExemptNamespacesAlwaysStart) {
  EXPECT_EQ(failed(deny(), {"ab12", "kube-system", false}, "x").exit_status, 0);
  EXPECT_EQ(failed(deny(), {"ab12", "kube", false}, "x").exit_status, 1);
  EXPECT_EQ(failed(deny(), {"ab12", "", false}, "x").exit_status, 1);
}

TEST(VerdictTest, PoststopNeverFails) { EXPECT_EQ(failed(deny(), {"ab12", "shop", true}, "x").exit_status, 0); }

TEST(VerdictTest, AnUnknownContainerIsNotNamed) {
  EXPECT_EQ(failed({}, {}, "x").line, "netclsd-hook: x; the container starts");
}

TEST(VerdictTest, WhateverATenantWritesTheLineIsOneAndShort) {
  const std::string line = failed({}, kContainer, "a\nb\x1b[31m" + std::string(5000, 'x')).line;
  EXPECT_EQ(line.find_first_of("\n\x1b"), std::string::npos);
  EXPECT_LT(line.size(), 1200U);
}

}  // namespace
}  // namespace netclsd::hook
