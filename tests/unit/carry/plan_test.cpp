#include "carry/plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace netclsd::carry {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

const ClassId kGold = *ClassId::parse("10:1");
const ClassId kBulk = *ClassId::parse("10:20");

CarriedContainer container(const std::string& id, std::optional<NamespaceId> network,
                           std::optional<CgroupId> cgroup = {}, ClassId classid = kGold) {
  return {*ContainerId::parse(id), classid, network, cgroup};
}

HostEnd end(InterfaceIndex index, NamespaceId peer) {
  return {.index = index, .name = "veth" + std::to_string(index), .kind = LinkKind::kVeth, .peer = peer};
}

TEST(CarrierPlanTest, EachEndOfAContainersNetworkGetsACarrier) {
  const auto plan = plan_carriers({container("a", 7)}, {end(2, 7), end(3, 8), end(4, 7)}, {}, {});
  EXPECT_THAT(plan.attach, ElementsAre(end(2, 7), end(4, 7)));
  EXPECT_THAT(plan.detach, IsEmpty());
}

TEST(CarrierPlanTest, ContainersOfOnePodShareACarrier) {
  const auto plan = plan_carriers({container("a", 7), container("b", 7)}, {end(2, 7)}, {}, {});
  EXPECT_THAT(plan.attach, ElementsAre(end(2, 7)));
}

TEST(CarrierPlanTest, WhatIsAttachedStaysAsLongAsAContainerIsThere) {
  EXPECT_EQ(plan_carriers({container("b", 7)}, {end(2, 7)}, {2}, {2}), CarrierPlan{});
  EXPECT_THAT(plan_carriers({container("b", 8)}, {end(2, 7)}, {2}, {2}).detach, ElementsAre(2));
}

// The carrier was restarted, and its init had ended before.
TEST(CarrierPlanTest, WhileAContainersNetworkIsUnknownCarriersStay) {
  CarriedContainer lost = container("a", std::nullopt);
  lost.has_unknown_network = true;
  const auto plan = plan_carriers({lost, container("b", 8)}, {end(2, 7), end(3, 8), end(5, 9)}, {2, 4}, {});
  EXPECT_THAT(plan.attach, ElementsAre(end(3, 8)));
  EXPECT_THAT(plan.detach, ElementsAre(4)) << "its interface is gone";
}

TEST(CarrierPlanTest, AContainerInTheHostsNetworkNeedsNone) {
  EXPECT_EQ(plan_carriers({container("a", std::nullopt)}, {end(2, 0)}, {}, {}), CarrierPlan{});
}

TEST(CarrierPlanTest, WhatIsLeftOfAnInterfaceThatIsGoneIsTakenAway) {
  EXPECT_THAT(plan_carriers({container("a", 7)}, {}, {2}, {2}).detach, ElementsAre(2));
}

TEST(CarrierPlanTest, ACarrierThatWasThereBeforeIsARepair) {
  const auto plan = plan_carriers({container("a", 7)}, {end(2, 7), end(3, 7)}, {}, {2});
  EXPECT_THAT(plan.attach, ElementsAre(end(2, 7), end(3, 7)));
  EXPECT_THAT(plan.repairs, ElementsAre(2));
}

TEST(MembersTest, EachContainerHasANumberOfItsOwn) {
  const auto members = plan_members({container("a", 7, 100), container("b", 7, 200, kBulk)}, {}, {});
  EXPECT_EQ(members, (Members{{100, {kGold.raw(), 1}}, {200, {kBulk.raw(), 2}}}));
}

TEST(MembersTest, AContainerKeepsItsNumberAndGetsItsNewClass) {
  const Members now = {{200, {kGold.raw(), 5}}};
  const auto members = plan_members({container("a", 7, 100), container("b", 7, 200, kBulk)}, now, {});
  EXPECT_EQ(members, (Members{{100, {kGold.raw(), 6}}, {200, {kBulk.raw(), 5}}}));
}

TEST(MembersTest, ANumberThatPacketsAreStillCountedByIsNotGivenToAnother) {
  EXPECT_EQ(plan_members({container("a", 7, 100)}, {}, {0, 3, 9}).at(100).owner, 10U);
}

TEST(MembersTest, WithoutANetworkOrACgroupThereIsNoFallback) {
  EXPECT_THAT(plan_members({container("a", std::nullopt, 100), container("b", 7)}, {}, {}), IsEmpty());
}

TEST(PastTest, ACountIsPastWhenItsInterfaceOrItsContainerIsGone) {
  EXPECT_FALSE(is_past({2, 1, kGold.raw()}, {2}, {1}));
  EXPECT_TRUE(is_past({3, 1, kGold.raw()}, {2}, {1}));
  EXPECT_TRUE(is_past({2, 4, kGold.raw()}, {2}, {1}));
}

TEST(PastTest, WhatIsNobodysCountsAsLongAsTheInterfaceIsThere) {
  EXPECT_FALSE(is_past({2, 0, 0}, {2}, {1}));
  EXPECT_TRUE(is_past({2, 0, 0}, {}, {1}));
}

}  // namespace
}  // namespace netclsd::carry
