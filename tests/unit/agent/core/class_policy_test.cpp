#include "agent/core/class_policy.h"

#include <gtest/gtest.h>

namespace netclsd {
namespace {

ClassId id(std::string_view text) { return ClassId::parse(text).value(); }

ClassPolicy policy() {
  return {.classes = {{"gold", id("10:1")}, {"silver", id("20:1")}},
          .default_class = std::nullopt,
          .allowed = {ClassIdRange::parse("10:1-10:ffff").value()}};
}

TEST(ClassPolicyTest, NothingAskedAndNoDefaultIsNotManaged) {
  EXPECT_EQ(resolve_class(std::nullopt, policy()).value(), std::nullopt);
}

TEST(ClassPolicyTest, TheDefaultAppliesWhereNothingIsAsked) {
  ClassPolicy with_default = policy();
  with_default.default_class = ClassName{"gold"};
  EXPECT_EQ(resolve_class(std::nullopt, with_default).value(), (ResolvedClass{id("10:1"), "gold", "default_class"}));
}

TEST(ClassPolicyTest, AnExplicitClassidIsTakenAsItIs) {
  const ClassRequest request{id("10:7"), "netclsd.io/classid"};
  EXPECT_EQ(resolve_class(request, policy()).value(), (ResolvedClass{id("10:7"), "", "netclsd.io/classid"}));
}

TEST(ClassPolicyTest, AnUnknownNameIsAnErrorThatNamesIt) {
  const auto resolved = resolve_class(ClassRequest{ClassName{"bronze"}, "netclsd.io/class"}, policy());
  ASSERT_FALSE(resolved.has_value());
  EXPECT_EQ(resolved.error().code(), ErrorCode::kInvalid);
  EXPECT_EQ(resolved.error().message(), "netclsd.io/class names class \"bronze\", which is not configured");
}

TEST(ClassPolicyTest, OutsideOfTheAllowedRangesIsForbiddenByNameAndByNumber) {
  for (const ClassRequest& request :
       {ClassRequest{id("20:2"), "netclsd.io/classid"}, ClassRequest{ClassName{"silver"}, "netclsd.io/class"}}) {
    const auto resolved = resolve_class(request, policy());
    ASSERT_FALSE(resolved.has_value());
    EXPECT_EQ(resolved.error().code(), ErrorCode::kForbidden);
  }
}

TEST(ClassPolicyTest, NoRangesAllowAll) {
  ClassPolicy open = policy();
  open.allowed.clear();
  EXPECT_TRUE(resolve_class(ClassRequest{id("ffff:ffff"), "x"}, open).has_value());
}

}  // namespace
}  // namespace netclsd
