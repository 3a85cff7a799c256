#include "agent/membership/namespace_facts.h"

#include <gtest/gtest.h>

#include <functional>

namespace netclsd {
namespace {

// What an agent without capabilities reads.
const NamespaceFacts kHost{.pid_namespace = 0, .pid_depth = 1, .root_mount = 21, .root = "254:1 /"};
const NamespaceFacts kAgent{.pid_namespace = 4'026'531'836, .pid_depth = 1, .root_mount = 30, .root = "0:40 /"};
const Outside kOutside{.agent = kAgent, .host = kHost};
const NamespaceFacts kInit{.pid_namespace = 0, .pid_depth = 2, .is_reaper = true, .root_mount = 700, .root = "0:53 /"};
const NamespaceFacts kEntrant{.pid_namespace = 0, .pid_depth = 2, .root_mount = 700, .root = "0:53 /"};

NamespaceFacts with(NamespaceFacts facts, const std::function<void(NamespaceFacts&)>& change) {
  change(facts);
  return facts;
}

TEST(RootTest, IsKnownByTheFirstMountAndWhatIsAtItsRoot) {
  constexpr std::string_view kText =
      "743 42 254:0 /var/bundle / rw,relatime - ext4 /dev/vda rw\n744 743 0:5 / /proc rw";
  EXPECT_EQ(parse_root_mount(kText), 743U);
  EXPECT_EQ(parse_root(kText), "254:0 /var/bundle");
}

TEST(RootTest, IsUnknownWhereNothingOrNotAllWasRead) {
  for (const std::string_view text : {"", "743", "none 42 254:0"}) EXPECT_EQ(parse_root_mount(text), 0U) << text;
  for (const std::string_view text : {"", "743", "743 42 254:0 /b /", "743 42 254:0 /b/dev /dev rw - ext4 x rw\n"}) {
    EXPECT_EQ(parse_root(text), "") << text;
  }
}

TEST(RootTest, OthersMayComeBeforeIt) {
  constexpr std::string_view kText = "22 27 0:21 / /proc rw - proc proc rw\n27 1 254:1 / / rw - ext4 /dev/vda rw\n28 ";
  EXPECT_EQ(parse_root_mount(kText), 22U);
  EXPECT_EQ(parse_root(kText), "254:1 /");
}

TEST(ShareAContainerTest, TheNamespacesNumberDecidesWhereItCanBeRead) {
  const auto in_namespace = [](std::uint64_t number) {
    return with(kEntrant, [&](auto& facts) { facts.pid_namespace = number; });
  };
  EXPECT_TRUE(
      share_a_container(in_namespace(7), with(in_namespace(7), [](auto& it) { it.root_mount = 701; }), kOutside));
  EXPECT_FALSE(share_a_container(in_namespace(7), in_namespace(8), kOutside));
}

TEST(ShareAContainerTest, NobodySharesAContainerWithTheHost) {
  EXPECT_FALSE(share_a_container(kHost, kHost, kOutside));
  const auto host = with(kHost, [](auto& facts) { facts.pid_namespace = kAgent.pid_namespace; });
  EXPECT_FALSE(share_a_container(host, host, kOutside));
  EXPECT_FALSE(share_a_container(kAgent, kAgent, kOutside)) << "nor with the agent, which may be in one";
}

TEST(ShareAContainerTest, OtherwiseDepthAndRootTogetherDecide) {
  EXPECT_TRUE(share_a_container(kInit, kEntrant, kOutside));
  EXPECT_TRUE(share_a_container(kInit, with(kEntrant, [](auto& it) { it.pid_namespace = 7; }), kOutside))
      << "the number of one of the two tells nothing";
}

// A path that another container or the host shares must stay shared, whoever is in it.
TEST(ShareAContainerTest, AnotherContainersProcessIsAStranger) {
  EXPECT_FALSE(share_a_container(kInit, {.pid_depth = 2, .root_mount = 701, .root = "0:54 /"}, kOutside));
}

TEST(ShareAContainerTest, AHostsProcessIsAStrangerEvenInTheContainersMounts) {
  EXPECT_FALSE(share_a_container(kInit, with(kEntrant, [](auto& it) { it.pid_depth = 1; }), kOutside));
}

TEST(ShareAContainerTest, APidNamespaceOnTheHostsMountsTellsNothing) {
  for (const NamespaceFacts& outside : {kHost, kAgent}) {
    const NamespaceFacts on_its_mounts{.pid_depth = 2, .root_mount = outside.root_mount, .root = outside.root};
    EXPECT_FALSE(share_a_container(on_its_mounts, on_its_mounts, kOutside));
  }
}

TEST(ShareAContainerTest, InTheHostsPidNamespaceTheMountDecides) {
  const NamespaceFacts init{.pid_depth = 1, .root_mount = 700, .root = "0:53 /"};
  EXPECT_TRUE(share_a_container(init, init, kOutside));
  const auto known = with(init, [](auto& facts) { facts.pid_namespace = kAgent.pid_namespace; });
  EXPECT_TRUE(share_a_container(known, known, kOutside)) << "also where the namespace can be read";
  EXPECT_FALSE(share_a_container(init, with(init, [](auto& it) { it.root_mount = 701; }), kOutside));
  EXPECT_FALSE(share_a_container(init, kHost, kOutside));
  const auto daemon = with(init, [](auto& facts) { facts.root = kHost.root; });
  EXPECT_FALSE(share_a_container(daemon, daemon, kOutside)) << "they share a mount namespace, as some of the host's do";
  const auto chrooted = with(init, [](auto& facts) { facts.root = ""; });
  EXPECT_FALSE(share_a_container(chrooted, chrooted, kOutside));
  EXPECT_FALSE(share_a_container(init, with(init, [](auto& it) { it.pid_depth = 2; }), kOutside));
}

TEST(ShareAContainerTest, AnEntrantWithMountsOfItsOwnIsKnownByWhatIsMountedAtItsRoot) {
  const auto elsewhere = with(kEntrant, [](auto& facts) { facts.root_mount = 801; });
  EXPECT_TRUE(share_a_container(kInit, elsewhere, kOutside));
  EXPECT_FALSE(share_a_container(kInit, with(elsewhere, [](auto& it) { it.is_reaper = true; }), kOutside))
      << "another container that was given the same directory";
  EXPECT_FALSE(share_a_container(kInit, with(elsewhere, [](auto& it) { it.pid_depth = 3; }), kOutside));
  EXPECT_FALSE(share_a_container(kInit, with(elsewhere, [](auto& it) { it.root = "0:53 /srv"; }), kOutside));
  EXPECT_FALSE(share_a_container(kInit, with(elsewhere, [](auto& it) { it.root = ""; }), kOutside));
  for (auto unknown : {&Outside::agent, &Outside::host}) {
    Outside outside = kOutside;
    (outside.*unknown).root = "";
    EXPECT_FALSE(share_a_container(kInit, elsewhere, outside));
  }
}

TEST(ShareAContainerTest, TheHostsOwnDirectoryTellsNothingHoweverItIsMounted) {
  for (const NamespaceFacts& outside : {kHost, kAgent}) {
    const NamespaceFacts one{.pid_depth = 2, .root_mount = 800, .root = outside.root};
    const NamespaceFacts other{.pid_depth = 2, .root_mount = 801, .root = outside.root};
    EXPECT_FALSE(share_a_container(one, other, kOutside));
  }
}

TEST(ShareAContainerTest, WhatCouldNotBeReadProvesNothing) {
  EXPECT_FALSE(share_a_container({}, {}, kOutside));
  EXPECT_FALSE(share_a_container({}, {}, {}));
  EXPECT_FALSE(share_a_container({.pid_namespace = 7}, {.pid_namespace = 7}, {}));
  EXPECT_FALSE(share_a_container(kInit, kEntrant, {}));
  EXPECT_FALSE(share_a_container(kInit, kEntrant, {.agent = kAgent, .host = {}}));
  EXPECT_FALSE(share_a_container(kInit, kEntrant, {.agent = {}, .host = kHost}));
  const NamespaceFacts nowhere{.pid_depth = 2};
  EXPECT_FALSE(share_a_container(nowhere, nowhere, kOutside));
}

}  // namespace
}  // namespace netclsd
