#include "agent/classes/class_policy.h"

#include <gtest/gtest.h>

namespace netclsd {
namespace {

ClassId id(std::string_view text) { return ClassId::parse(text).value(); }
ClassIdRange range(std::string_view text) { return ClassIdRange::parse(text).value(); }

const PodIdentity kNoPod{};
const ClassRequest kAsksFor107{id("10:7"), "netclsd.io/classid"};

ClassPolicy policy() {
  return {.classes = {{"gold", id("10:1")}, {"silver", id("20:1")}},
          .default_class = std::nullopt,
          .allowed = {range("10:1-10:ffff")}};
}

ClassPolicy with_rules(std::vector<PodRule> rules) {
  ClassPolicy made = policy();
  made.pods = PodPolicy{.rules = std::move(rules)};
  return made;
}

PodIdentity in(const std::string& name_space) { return {.pod_namespace = name_space, .pod = "p"}; }

PodIdentity account(const std::string& name) {
  PodIdentity pod = in("shop");
  pod.service_account = name;
  return pod;
}

PodRule rule(std::string name, std::vector<std::string> namespaces, std::vector<ClassIdRange> allowed) {
  return {.name = std::move(name), .namespaces = std::move(namespaces), .allowed = std::move(allowed)};
}

ResolvedClass resolved(const ClassRequest& request, const PodIdentity& pod, const ClassPolicy& by) {
  const auto decision = decide_class(request, pod, by).value();
  const auto* found = std::get_if<ResolvedClass>(&decision);
  EXPECT_NE(found, nullptr);
  return found ? *found : ResolvedClass{id("dead:1"), "", "refused"};
}

Refusal refusal(const ClassRequest& request, const PodIdentity& pod, const ClassPolicy& by) {
  const auto decision = decide_class(request, pod, by).value();
  const auto* found = std::get_if<Refusal>(&decision);
  EXPECT_NE(found, nullptr);
  return found ? *found : Refusal{.reason = RefusalReason::kEnd, .message = "allowed"};
}

TEST(ClassPolicyTest, NothingAskedAndNoDefaultIsNotManaged) {
  EXPECT_EQ(decide_class(std::nullopt, kNoPod, policy()).value(), ClassDecision(NotManaged{}));
}

TEST(ClassPolicyTest, TheDefaultAppliesWhereNothingIsAsked) {
  ClassPolicy with_default = policy();
  with_default.default_class = ClassName{"gold"};
  EXPECT_EQ(decide_class(std::nullopt, kNoPod, with_default).value(),
            ClassDecision(ResolvedClass{id("10:1"), "gold", "default_class"}));
}

TEST(ClassPolicyTest, AnExplicitClassidIsTakenAsItIs) {
  EXPECT_EQ(resolved(kAsksFor107, kNoPod, policy()), (ResolvedClass{id("10:7"), "", "netclsd.io/classid"}));
}

TEST(ClassPolicyTest, AnUnknownNameIsAnErrorThatNamesIt) {
  const auto decision = decide_class(ClassRequest{ClassName{"bronze"}, "netclsd.io/class"}, kNoPod, policy());
  ASSERT_FALSE(decision.has_value());
  EXPECT_EQ(decision.error().code(), ErrorCode::kInvalid);
  EXPECT_EQ(decision.error().message(), "netclsd.io/class names class \"bronze\", which is not configured");
}

TEST(ClassPolicyTest, OutsideOfTheAllowedRangesIsRefusedByNameAndByNumber) {
  for (const ClassRequest& request :
       {ClassRequest{id("20:2"), "netclsd.io/classid"}, ClassRequest{ClassName{"silver"}, "netclsd.io/class"}}) {
    EXPECT_EQ(refusal(request, kNoPod, policy()).reason, RefusalReason::kNotAllowed);
  }
}

TEST(ClassPolicyTest, NoRangesAllowAll) {
  ClassPolicy open = policy();
  open.allowed.clear();
  EXPECT_EQ(resolved(ClassRequest{id("ffff:ffff"), "x"}, kNoPod, open).classid, id("ffff:ffff"));
}

TEST(ClassPolicyTest, TheFirstRuleThatMatchesDecides) {
  const ClassPolicy by = with_rules({rule("none", {"shop-test"}, {}), rule("shop", {"shop*"}, {range("10:7")}),
                                     rule("all", {"*"}, {range("10:1-10:ff")})});
  EXPECT_EQ(resolved(kAsksFor107, in("shop-eu"), by).rule, "shop");
  EXPECT_EQ(resolved(kAsksFor107, in("bank"), by).rule, "all");
  EXPECT_EQ(refusal(kAsksFor107, in("shop-test"), by).rule, "none") << "a later rule does not come to its help";
  EXPECT_EQ(refusal(ClassRequest{id("10:8"), "x"}, in("shop-eu"), by),
            (Refusal{.reason = RefusalReason::kNotAllowed,
                     .rule = "shop",
                     .classid = id("10:8"),
                     .message = "x asks for classid 10:8, which rule \"shop\" does not allow"}));
}

TEST(ClassPolicyTest, WhereNoRuleMatchesNothingIsAllowed) {
  const Refusal no = refusal(kAsksFor107, in("bank"), with_rules({rule("shop", {"shop"}, {range("10:7")})}));
  EXPECT_EQ(no.reason, RefusalReason::kNoRule);
  EXPECT_EQ(no.rule, "");
}

TEST(ClassPolicyTest, AClassByNameIsSubjectToTheRulesByItsClassid) {
  const ClassPolicy by = with_rules({rule("shop", {"shop"}, {range("10:7")})});
  EXPECT_EQ(refusal(ClassRequest{ClassName{"gold"}, "x"}, in("shop"), by).reason, RefusalReason::kNotAllowed);
}

TEST(ClassPolicyTest, ARuleCannotGiveMoreThanEverybodyMayHave) {
  const ClassPolicy by = with_rules({rule("shop", {"shop"}, {range("20:1-20:ff")})});
  EXPECT_EQ(refusal(ClassRequest{id("20:1"), "x"}, in("shop"), by).rule, "");
}

TEST(ClassPolicyTest, TheDefaultClassIsNotSubjectToTheRules) {
  ClassPolicy by = with_rules({rule("shop", {"shop"}, {})});
  by.default_class = ClassName{"gold"};
  EXPECT_EQ(decide_class(std::nullopt, in("bank"), by).value(),
            ClassDecision(ResolvedClass{id("10:1"), "gold", "default_class"}));
}

TEST(ClassPolicyTest, AServiceAccountMustBeClaimedToMatch) {
  PodRule api = rule("api", {"shop"}, {range("10:7")});
  api.service_accounts = {"api", "batch-*"};
  const ClassPolicy by = with_rules({api});
  EXPECT_EQ(resolved(kAsksFor107, account("api"), by).rule, "api");
  EXPECT_EQ(resolved(kAsksFor107, account("batch-7"), by).rule, "api");
  EXPECT_EQ(refusal(kAsksFor107, account("web"), by).reason, RefusalReason::kNoRule);
  EXPECT_EQ(refusal(kAsksFor107, in("shop"), by).reason, RefusalReason::kNoRule);
  api.service_accounts = {"*"};
  EXPECT_EQ(refusal(kAsksFor107, in("shop"), with_rules({api})).reason, RefusalReason::kNoRule);
}

TEST(ClassPolicyTest, WhatIsNoPodsIsMatchedByTheEmptyPatternAlone) {
  EXPECT_EQ(refusal(kAsksFor107, kNoPod, with_rules({rule("all", {"*"}, {range("10:7")})})).reason,
            RefusalReason::kNoRule);
  EXPECT_EQ(resolved(kAsksFor107, kNoPod, with_rules({rule("host", {""}, {range("10:7")})})).rule, "host");
  EXPECT_EQ(refusal(kAsksFor107, in("shop"), with_rules({rule("host", {""}, {range("10:7")})})).reason,
            RefusalReason::kNoRule);
}

TEST(ClassPolicyTest, APodOfUnknownNamespaceIsMatchedByNothing) {
  const PodIdentity unknown{.pod_namespace = std::nullopt};
  EXPECT_EQ(refusal(kAsksFor107, unknown, with_rules({rule("all", {"", "*"}, {range("10:7")})})).reason,
            RefusalReason::kIdentity);
  EXPECT_EQ(resolved(kAsksFor107, unknown, policy()).classid, id("10:7")) << "without rules it does not matter";
}

TEST(ClassPolicyTest, AnExclusiveClassidIsMarked) {
  ClassPolicy by = with_rules({rule("all", {"*"}, {range("10:1-10:ff")})});
  by.pods->exclusive = {range("10:5-10:7")};
  EXPECT_TRUE(resolved(kAsksFor107, in("shop"), by).is_exclusive);
  EXPECT_FALSE(resolved(ClassRequest{id("10:8"), "x"}, in("shop"), by).is_exclusive);
}

}  // namespace
}  // namespace netclsd
