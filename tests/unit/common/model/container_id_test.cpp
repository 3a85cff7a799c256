#include "common/model/container_id.h"

#include <gtest/gtest.h>

namespace netclsd {
namespace {

TEST(ContainerIdTest, AcceptsWhatRuncAccepts) {
  for (const char* text : {"ab12", "A.b_c+d-e", "a..", "-"}) EXPECT_EQ(ContainerId::parse(text)->text(), text);
  EXPECT_TRUE(ContainerId::parse(std::string(200, 'a')));
}

TEST(ContainerIdTest, RefusesWhatIsNoFileName) {
  for (const char* text : {"", ".", "..", "...", ".hidden", "a/b", "../a", "a b", "a\n", "ä", "a:b"}) {
    EXPECT_FALSE(ContainerId::parse(text)) << text;
  }
  EXPECT_FALSE(ContainerId::parse(std::string(201, 'a')));
  EXPECT_FALSE(ContainerId::parse(std::string_view("a\0b", 3)));
}

}  // namespace
}  // namespace netclsd
