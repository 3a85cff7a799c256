#include "common/api/utc_time.h"

#include <gtest/gtest.h>

namespace netclsd {
namespace {

using namespace std::chrono_literals;
using Time = std::chrono::system_clock::time_point;

TEST(UtcTimeTest, IsRfc3339InUtcWithMilliseconds) {
  EXPECT_EQ(format_utc(Time(0s)), "1970-01-01T00:00:00.000Z");
  EXPECT_EQ(format_utc(Time(1709208000s + 250ms)), "2024-02-29T12:00:00.250Z");
  EXPECT_EQ(format_utc(Time(-1ms)), "1969-12-31T23:59:59.999Z");
}

}  // namespace
}  // namespace netclsd
