#include "agent/core/namespace_facts.h"

#include <gtest/gtest.h>

namespace netclsd {
namespace {

// What an agent without capabilities reads.
constexpr NamespaceFacts kAgent{.pid_namespace = 4'026'531'836, .pid_depth = 1, .root_mount = 21};
constexpr NamespaceFacts kInit{.pid_namespace = 0, .pid_depth = 2, .root_mount = 700};

TEST(PidDepthTest, CountsTheNumbersOfTheNSpidLine) {
  EXPECT_EQ(parse_pid_depth("Name:\tsleep\nNgid:\t0\nNSpid:\t7768\nNSpgid:\t7768\n"), 1U);
  EXPECT_EQ(parse_pid_depth("Name:\tsleep\nNSpid:\t7768\t31\t1\nNSpgid:\t7766\t0\t0\n"), 3U);
}

TEST(PidDepthTest, IsZeroWithoutSuchALine) {
  EXPECT_EQ(parse_pid_depth(""), 0U);
  EXPECT_EQ(parse_pid_depth("Name:\tsleep\nNSpid:\n"), 0U);
  EXPECT_EQ(parse_pid_depth("NSpid:\t1\t2\n"), 0U) << "the name comes first";
}

TEST(PidDepthTest, AProcessCannotNameItselfIntoAnotherNamespace) {
  EXPECT_EQ(parse_pid_depth("Name:\t\\nNSpid:\\t7\\t8\nNSpid:\t7768\n"), 1U);
}

TEST(RootMountTest, IsTheIdOfTheFirstLine) {
  EXPECT_EQ(parse_root_mount("743 42 254:0 / / rw,relatime - ext4 /dev/vda rw"), 743U);
}

TEST(RootMountTest, IsZeroWhereNothingWasRead) {
  EXPECT_EQ(parse_root_mount(""), 0U);
  EXPECT_EQ(parse_root_mount("743"), 0U) << "the number may be longer";
  EXPECT_EQ(parse_root_mount("none 42 254:0"), 0U);
}

TEST(ShareAContainerTest, TheNamespacesNumberDecidesWhereItCanBeRead) {
  const NamespaceFacts one{.pid_namespace = 7, .pid_depth = 2, .root_mount = 700};
  EXPECT_TRUE(share_a_container(one, {.pid_namespace = 7, .pid_depth = 2, .root_mount = 701}, kAgent));
  EXPECT_FALSE(share_a_container(one, {.pid_namespace = 8, .pid_depth = 2, .root_mount = 700}, kAgent));
}

TEST(ShareAContainerTest, NobodySharesAContainerWithTheHost) {
  const NamespaceFacts host{.pid_namespace = kAgent.pid_namespace, .pid_depth = 1, .root_mount = 21};
  EXPECT_FALSE(share_a_container(host, host, kAgent));
}

TEST(ShareAContainerTest, OtherwiseDepthAndRootTogetherDecide) {
  EXPECT_TRUE(share_a_container(kInit, kInit, kAgent));
  EXPECT_TRUE(share_a_container(kInit, {.pid_namespace = 7, .pid_depth = 2, .root_mount = 700}, kAgent))
      << "the number of one of the two tells nothing";
}

// A path that another container or the host shares must stay shared, whoever is in it.
TEST(ShareAContainerTest, AnotherContainersProcessIsAStranger) {
  EXPECT_FALSE(share_a_container(kInit, {.pid_namespace = 0, .pid_depth = 2, .root_mount = 701}, kAgent));
}

TEST(ShareAContainerTest, AHostsProcessIsAStrangerEvenInTheContainersMounts) {
  EXPECT_FALSE(share_a_container(kInit, {.pid_namespace = 0, .pid_depth = 1, .root_mount = 700}, kAgent));
  EXPECT_FALSE(share_a_container({.pid_namespace = 0, .pid_depth = 1, .root_mount = 700},
                                 {.pid_namespace = 0, .pid_depth = 1, .root_mount = 700}, kAgent));
}

TEST(ShareAContainerTest, APidNamespaceOnTheHostsMountsTellsNothing) {
  const NamespaceFacts on_host_mounts{.pid_namespace = 0, .pid_depth = 2, .root_mount = kAgent.root_mount};
  EXPECT_FALSE(share_a_container(on_host_mounts, on_host_mounts, kAgent));
}

TEST(ShareAContainerTest, WhatCouldNotBeReadProvesNothing) {
  EXPECT_FALSE(share_a_container({}, {}, kAgent));
  EXPECT_FALSE(share_a_container({}, {}, {}));
  EXPECT_FALSE(share_a_container(kInit, kInit, {}));
  EXPECT_FALSE(share_a_container({.pid_namespace = 0, .pid_depth = 2, .root_mount = 0},
                                 {.pid_namespace = 0, .pid_depth = 2, .root_mount = 0}, kAgent));
}

}  // namespace
}  // namespace netclsd
