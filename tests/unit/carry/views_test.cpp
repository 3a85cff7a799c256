#include "carry/views.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace netclsd::carry {
namespace {

constexpr std::uint32_t kViewed = 0x100001;

ContainerId name_of(const std::string& text) { return *ContainerId::parse(text); }

CarriedContainer seen_container(const std::string& name, NamespaceId network, std::optional<CgroupId> cgroup = {}) {
  return {name_of(name), *ClassId::from_raw(kViewed), network, cgroup, cgroup ? "" : "no cgroup"};
}

HostEnd host_end(InterfaceIndex index, NamespaceId peer) {
  return {.index = index, .name = "veth" + std::to_string(index), .kind = LinkKind::kVeth, .peer = peer};
}

TEST(ViewCountsTest, ACountBelongsToItsOwner) {
  const Seen seen = {.containers = {seen_container("a", 1, 77), seen_container("b", 2)},
                     .ends = {host_end(7, 2)},
                     .members = {{77, {kViewed, 5}}}};
  const auto views = view_counts({{{7, 5, kViewed}, {.packets = 1}}}, seen);
  ASSERT_EQ(views.size(), 1U);
  EXPECT_EQ(views[0].id, name_of("a"));
  EXPECT_EQ(views[0].interface, "veth7");
}

TEST(ViewCountsTest, WithoutAnOwnerItBelongsToTheOnlyContainerBehindTheInterface) {
  const Counts counts = {{{7, 0, kViewed}, {}}, {{8, 0, kViewed}, {}}, {{9, 0, kViewed}, {}}, {{7, 0, 0}, {}}};
  const Seen seen = {.containers = {seen_container("a", 1), seen_container("b", 2), seen_container("c", 2)},
                     .ends = {host_end(7, 1), host_end(8, 2)}};
  const auto views = view_counts(counts, seen);
  ASSERT_EQ(views.size(), 4U);
  EXPECT_EQ(views[0].id, std::nullopt) << "what has no class may be of another container of the pod";
  EXPECT_EQ(views[1].id, name_of("a"));
  EXPECT_EQ(views[2].id, std::nullopt) << "of one of two";
  EXPECT_EQ(views[3].interface, "") << "an interface that is gone";
}

TEST(ViewCountsTest, AnotherClassMayBeOfAContainerThatIsGone) {
  const Seen seen = {.containers = {seen_container("a", 1)}, .ends = {host_end(7, 1)}};
  const auto views = view_counts({{{7, 0, 0x100020}, {}}}, seen);
  ASSERT_EQ(views.size(), 1U);
  EXPECT_EQ(views[0].id, std::nullopt);
}

TEST(ViewContainersTest, AContainerHasItsInterfacesTheirCarriersAndWhatIsWrongWithThem) {
  HostEnd with_xdp = host_end(7, 1);
  with_xdp.xdp = Xdp::kNative;
  const Seen seen = {.containers = {seen_container("a", 1, 77), seen_container("b", 2)},
                     .ends = {with_xdp, host_end(8, 1), host_end(9, 2)},
                     .attached = {{7, {How::kTcx, 3, 0}}, {9, {How::kTcx, 3, 0}}},
                     .members = {{77, {kViewed, 5}}},
                     .problems = {{8, "veth8: no memory"}}};
  const auto views = view_containers(seen, {{5, {*ClassId::from_raw(9), std::chrono::seconds{4}}}});
  ASSERT_EQ(views.size(), 2U);
  ASSERT_EQ(views[0].carriers.size(), 1U);
  EXPECT_EQ(views[0].carriers[0].xdp, Xdp::kNative);
  EXPECT_EQ(views[0].problem, "veth8: no memory");
  EXPECT_TRUE(views[0].has_fallback);
  EXPECT_EQ(views[0].difference->lasted.count(), 4);
  EXPECT_EQ(views[1].no_fallback, "no cgroup");
  EXPECT_EQ(views[1].problem, "");
  EXPECT_EQ(views[1].difference, std::nullopt);
}

TEST(ViewContainersTest, AContainerOfTheHostsNetworkMissesNothing) {
  CarriedContainer host = seen_container("a", 1);
  host.network.reset();
  const auto views = view_containers({.containers = {host}, .ends = {host_end(7, 1)}}, {});
  ASSERT_EQ(views.size(), 1U);
  EXPECT_TRUE(views[0].carriers.empty());
  EXPECT_EQ(views[0].no_fallback, "");
}

}  // namespace
}  // namespace netclsd::carry
