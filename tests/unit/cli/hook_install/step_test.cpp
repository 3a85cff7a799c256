#include "cli/hook_install/step.h"

#include <gtest/gtest.h>

namespace netclsd::cli {
namespace {

TEST(DiffTest, EqualTextsHaveNone) { EXPECT_EQ(unified_diff("/f", "a\n", "a\n"), ""); }

TEST(DiffTest, ChangeHasThreeLinesAround) {
  EXPECT_EQ(unified_diff("/f", "1\n2\n3\n4\n5\n6\n7\n8\n9\n", "1\n2\n3\n4\nfive\n6\n7\n8\n9\n"),
            "--- a/f\n+++ b/f\n@@ -2,7 +2,7 @@\n 2\n 3\n 4\n-5\n+five\n 6\n 7\n 8\n");
}

TEST(DiffTest, NewAndRemovedFiles) {
  EXPECT_EQ(unified_diff("/f", "", "a\n"), "--- /dev/null\n+++ b/f\n@@ -0,0 +1,1 @@\n+a\n");
  EXPECT_EQ(unified_diff("/f", "a\n", ""), "--- a/f\n+++ /dev/null\n@@ -1,1 +0,0 @@\n-a\n");
}

TEST(DiffTest, MissingLineFeedIsTold) {
  EXPECT_EQ(unified_diff("/f", "a", "a\nb\n"),
            "--- a/f\n+++ b/f\n@@ -1,1 +1,2 @@\n-a\n\\ No newline at end of file\n+a\n+b\n");
}

}  // namespace
}  // namespace netclsd::cli
