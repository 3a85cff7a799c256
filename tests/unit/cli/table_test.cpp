#include "cli/table.h"

#include <gtest/gtest.h>

namespace netclsd::cli {
namespace {

TEST(TableTest, ColumnsAreAlignedWithoutTrailingBlanks) {
  EXPECT_EQ(align({{"ID", "CLASS"}, {"ab12", "10:1"}, {"c", ""}}), "ID    CLASS\nab12  10:1\nc\n");
}

TEST(TableTest, RowsMayBeOfDifferentLength) { EXPECT_EQ(align({{"a"}, {"bb", "c"}}), "a\nbb  c\n"); }

TEST(TableTest, NoRowsAreNoText) { EXPECT_EQ(align({}), ""); }

}  // namespace
}  // namespace netclsd::cli
