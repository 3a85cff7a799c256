#include "carry/differences.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace netclsd::carry {
namespace {

using std::chrono::seconds;
using testing::IsEmpty;

constexpr std::uint32_t kOwnClass = 0x100001;
constexpr std::uint32_t kOtherClass = 0x100020;
constexpr Owner kWeb = 1;
constexpr seconds kPatience{10};
const Members kMembers = {{77, {kOwnClass, kWeb}}};
const Differences::Clock::time_point kStart{seconds{1000}};

// Looks once a second at a container that is gold.
class DifferencesTest : public testing::Test {
 protected:
  // `packets` of `classid`, more each second.
  LastingDifferences grow_for(int for_s, std::uint32_t classid = kOtherClass) {
    LastingDifferences found;
    for (int i = 0; i < for_s; ++i) {
      ++counts_[{7, kWeb, classid}].packets;
      found = observe();
    }
    return found;
  }
  LastingDifferences pause_for(int for_s) {
    LastingDifferences found;
    for (int i = 0; i < for_s; ++i) found = observe();
    return found;
  }

 private:
  LastingDifferences observe() { return differences_.observe(counts_, kMembers, now_ += seconds{1}, kPatience); }

  Differences differences_;
  Counts counts_;
  Differences::Clock::time_point now_ = kStart;
};

LastingDifferences bulk_for(int for_s) { return {{kWeb, {*ClassId::from_raw(kOtherClass), seconds{for_s}}}}; }

TEST_F(DifferencesTest, ADifferenceIsGivenOnceItHasLasted) {
  grow_for(1);  // what is seen first may be old
  EXPECT_THAT(grow_for(10), IsEmpty());
  EXPECT_EQ(grow_for(1), bulk_for(10));
  EXPECT_EQ(grow_for(5), bulk_for(15));
}

TEST_F(DifferencesTest, ItIsOverAfterAPause) {
  grow_for(12);
  EXPECT_EQ(pause_for(9), bulk_for(19)) << "it may go on";
  EXPECT_THAT(pause_for(1), IsEmpty());
  EXPECT_THAT(grow_for(10), IsEmpty()) << "another one";
  EXPECT_EQ(grow_for(1), bulk_for(10));
}

TEST_F(DifferencesTest, ItsOwnClassAndPacketsWithoutAreNoDifference) {
  EXPECT_THAT(grow_for(30, kOwnClass), IsEmpty());
  EXPECT_THAT(grow_for(30, 0), IsEmpty());
}

TEST_F(DifferencesTest, WhatAnEarlierCarrierCountedIsNone) {
  grow_for(1);
  EXPECT_THAT(pause_for(30), IsEmpty());
}

TEST(DifferencesOfManyTest, TheLongestOfAContainerIsGivenAndItsInterfacesAreOne) {
  Differences differences;
  Counts counts;
  LastingDifferences found;
  for (int i = 0; i < 20; ++i) {
    ++counts[{i % 2 == 0 ? 7U : 8U, kWeb, kOtherClass}].packets;
    if (i > 5) ++counts[{7, kWeb, 0x100030}].packets;
    ++counts[{7, 2, kOtherClass}].packets;  // of nobody that we know
    found = differences.observe(counts, kMembers, kStart + seconds{i}, seconds{3});
  }
  EXPECT_EQ(found, bulk_for(18));
}

}  // namespace
}  // namespace netclsd::carry
