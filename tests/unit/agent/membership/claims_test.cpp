#include "agent/membership/claims.h"

#include <gtest/gtest.h>

namespace netclsd {
namespace {

constexpr ContainerNumber kOuter{1};
constexpr ContainerNumber kInner{2};

Claim claim(const std::string& path, std::optional<ContainerNumber> outer = std::nullopt) {
  const auto membership = path.empty() ? std::nullopt : std::optional(MembershipPath{"", path});
  return {.membership = membership, .group_path = "/netclsd" + path, .is_adopted = false, .outer = outer};
}

CgroupPaths at(const std::string& unified, const std::string& net_cls = "/") {
  return {{{"net_cls", net_cls}, {"", unified}}};
}

TEST(ClaimsTest, APathBelongsToTheNearestRegistrationAboveIt) {
  Claims claims;
  claims.set(kOuter, claim("/a"));
  claims.set(kInner, claim("/a/b"));
  EXPECT_EQ(claims.by_path(at("/a")), kOuter);
  EXPECT_EQ(claims.by_path(at("/a/x/y")), kOuter);
  EXPECT_EQ(claims.by_path(at("/a/b/c")), kInner);
  EXPECT_EQ(claims.by_path(at("/ab")), std::nullopt);
  EXPECT_EQ(claims.by_path(at("/")), std::nullopt);
}

TEST(ClaimsTest, ALevelUpIsNotBelow) {
  Claims claims;
  claims.set(kOuter, claim("/.."));
  EXPECT_EQ(claims.by_path(at("/../a")), kOuter);
  EXPECT_EQ(claims.by_path(at("/../../a")), std::nullopt);
}

TEST(ClaimsTest, TheInnerOfTwoNestedClaimsWins) {
  Claims claims;
  claims.set(kOuter, claim("/a"));
  claims.set(kInner, claim("", kOuter));  // shares the outer one's path, so only descent tells of it
  EXPECT_EQ(claims.nearest(kOuter, kInner), kInner);
  EXPECT_EQ(claims.nearest(kInner, kOuter), kInner);
}

TEST(ClaimsTest, ThePathWinsBetweenStrangers) {
  Claims claims;
  claims.set(kOuter, claim("/a"));
  claims.set(kInner, claim("/b"));
  EXPECT_EQ(claims.nearest(kOuter, kInner), kOuter);
  EXPECT_EQ(claims.nearest(std::nullopt, kInner), kInner);
  EXPECT_EQ(claims.nearest(std::nullopt, std::nullopt), std::nullopt);
}

TEST(ClaimsTest, KnowsWhichContainersHoldOthers) {
  Claims claims;
  claims.set(kOuter, claim("/a"));
  EXPECT_FALSE(claims.has_inner(kOuter));
  claims.set(kInner, claim("/a/b", kOuter));
  EXPECT_TRUE(claims.has_inner(kOuter));
  claims.remove(kInner);
  EXPECT_FALSE(claims.has_inner(kOuter));
}

TEST(ClaimsTest, PlacedIsInTheGroupOrBelowIt) {
  Claims claims;
  claims.set(kOuter, claim("/a"));
  EXPECT_TRUE(claims.is_placed(kOuter, at("/", "/netclsd/a")));
  EXPECT_TRUE(claims.is_placed(kOuter, at("/", "/netclsd/a/sub")));
  EXPECT_FALSE(claims.is_placed(kOuter, at("/a", "/netclsd")));
  EXPECT_FALSE(claims.is_placed(kOuter, at("/a", "/")));
}

TEST(ClaimsTest, InTheGroupOfAContainerInsideIsNotPlacedInTheOuter) {
  Claims claims;
  claims.set(kOuter, claim("/a"));
  claims.set(kInner, claim("/a/inner", kOuter));
  EXPECT_EQ(claims.by_group("/netclsd/a/inner/sub"), kInner);
  EXPECT_FALSE(claims.is_placed(kOuter, at("/a", "/netclsd/a/inner")));
  EXPECT_TRUE(claims.is_placed(kInner, at("/a", "/netclsd/a/inner/sub")));
  EXPECT_TRUE(claims.is_placed(kOuter, at("/a", "/netclsd/a/other")));
}

TEST(ClaimsTest, WhatIsRemovedClaimsNothing) {
  Claims claims;
  claims.set(kOuter, claim("/a"));
  claims.remove(kOuter);
  EXPECT_TRUE(claims.is_empty());
  EXPECT_EQ(claims.by_path(at("/a")), std::nullopt);
  EXPECT_FALSE(claims.by_group("/netclsd/a"));
}

}  // namespace
}  // namespace netclsd
