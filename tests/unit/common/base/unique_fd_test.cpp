#include "common/base/unique_fd.h"

#include <fcntl.h>
#include <gtest/gtest.h>

namespace netclsd {
namespace {

bool is_open(int fd) { return ::fcntl(fd, F_GETFD) >= 0; }
UniqueFd open_null() { return UniqueFd(::open("/dev/null", O_RDONLY | O_CLOEXEC)); }

TEST(UniqueFdTest, ClosesWhenItEnds) {
  int number = -1;
  {
    const UniqueFd fd = open_null();
    number = fd.get();
    EXPECT_TRUE(is_open(number));
  }
  EXPECT_FALSE(is_open(number));
}

TEST(UniqueFdTest, MoveAssignmentClosesTheOldOneAndEmptiesTheSource) {
  UniqueFd target = open_null();
  UniqueFd source = open_null();
  const int old_number = target.get();
  const int new_number = source.get();
  target = std::move(source);
  EXPECT_FALSE(is_open(old_number));
  EXPECT_EQ(target.get(), new_number);
  EXPECT_FALSE(source.is_open());  // NOLINT: what a moved-from object looks like is the point
}

TEST(UniqueFdTest, ReleaseGivesTheDescriptorAway) {
  UniqueFd fd = open_null();
  const int number = fd.release();
  EXPECT_FALSE(fd.is_open());
  EXPECT_TRUE(is_open(number));
  ::close(number);
}

}  // namespace
}  // namespace netclsd
