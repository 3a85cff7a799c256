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

TEST(BaseSpecTest, BuiltInSpecIsOneThatARuntimeTakes) {
  const auto spec = parse_spec(built_in_spec(), "built-in");
  ASSERT_TRUE(spec) << spec.error().message();
  EXPECT_EQ(spec->at("linux").at("namespaces").size(), 5U);
  EXPECT_EQ(spec->at("mounts").size(), 7U);
}

TEST(BaseSpecTest, SecurityDefaultsAreTakenOutAndNothingElse) {
  const auto spec = parse_spec(R"({"ociVersion":"1","process":{"rlimits":[1],"apparmorProfile":"x","cwd":"/"},
                                   "linux":{"seccomp":{},"maskedPaths":["/a"]}})",
                               "spec");
  EXPECT_EQ(without_security_defaults(*spec).dump(),
            R"({"ociVersion":"1","process":{"cwd":"/"},"linux":{"maskedPaths":["/a"]}})");
}

TEST(BaseSpecTest, WhatIsNoSpecIsRefused) {
  EXPECT_EQ(parse_spec("{", "/a.json").error().message(), "/a.json is not a JSON object");
  EXPECT_EQ(parse_spec("[]", "/a.json").error().message(), "/a.json is not a JSON object");
  EXPECT_EQ(parse_spec("{}", "/a.json").error().message(), "/a.json is no OCI spec: it has no ociVersion");
}

}  // namespace
}  // namespace netclsd::cli
