#include "cli/hook_install/hook_entry.h"

#include <gtest/gtest.h>

namespace netclsd::cli {
namespace {

const HookEntry kEntry{.path = "/opt/x/hook", .arguments = {"--on-failure=deny"}};

TEST(HookEntryTest, RuntimesLimitIsWholeSecondsAboveTheHooksOwn) {
  EXPECT_EQ(runtime_timeout_s({}), 2);
  EXPECT_EQ(runtime_timeout_s({"--timeout", "1s"}), 2);
  EXPECT_EQ(runtime_timeout_s({"--timeout=1001ms"}), 3);
  EXPECT_EQ(runtime_timeout_s({"--timeout=9s", "--timeout=1s"}), 2) << "the last one counts";
}

TEST(HookEntryTest, HooksDFileIsNarrowUnlessAllContainersAreWanted) {
  const auto narrow = Json::parse(hooks_d_text(kEntry));
  EXPECT_EQ(narrow["when"].dump(), R"-({"annotations":{"^netclsd\\.io/(class|classid)(\\..+)?$":".*"}})-");
  EXPECT_EQ(narrow["hook"].dump(), R"({"args":["netclsd-hook","--on-failure=deny"],"path":"/opt/x/hook","timeout":2})");
  EXPECT_EQ(narrow["stages"].dump(), R"(["prestart","poststop"])");
  HookEntry all = kEntry;
  all.all_containers = true;
  EXPECT_EQ(Json::parse(hooks_d_text(all))["when"].dump(), R"({"always":true})");
}

TEST(HookEntryTest, OurHookComesAfterOthersAndReplacesOurEarlierOne) {
  const std::string once = add_hook(OrderedJson::parse(R"({"hooks":{"prestart":[{"path":"/theirs"}]}})"), kEntry);
  const auto spec = Json::parse(once);
  ASSERT_EQ(spec["hooks"]["prestart"].size(), 2U);
  EXPECT_EQ(spec["hooks"]["prestart"][0]["path"], "/theirs");
  EXPECT_EQ(spec["hooks"]["prestart"][1]["args"].dump(), R"(["netclsd-hook","--on-failure=deny","prestart"])");
  EXPECT_FALSE(spec["hooks"].contains("poststop"));
  EXPECT_EQ(add_hook(OrderedJson::parse(once), kEntry), once);
}

}  // namespace
}  // namespace netclsd::cli
