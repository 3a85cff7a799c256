#include "agent/containers/registration_files.h"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <fstream>

#include "agent/containers/registration.h"
#include "common/base/file.h"
#include "tests/unit/common/fault_in_test.h"

namespace netclsd {
namespace {

Registration registration(const std::string& id = "ab12") {
  return {.id = ContainerId::parse(id).value(),
          .init = {Pid{42}, StartTime{777}},
          .choice = {ClassId::parse("ffff:1").value(), "gold", "netclsd.io/class"},
          .source = RegistrationSource::kHook,
          .directory = "netclsd/" + id,
          .is_adopted = true,
          .membership = MembershipPath{"memory", "/pod/" + id},
          .registered_at = WallTime(std::chrono::seconds{1'700'000'000}),
          .verdict = {"shop", "cart-1", "all", "it may not"}};
}

class RegistrationFilesTest : public testing::Test {
 protected:
  RegistrationFilesTest() { std::filesystem::create_directory(root_); }
  ~RegistrationFilesTest() override { std::filesystem::remove_all(root_); }
  RegistrationFiles files() { return RegistrationFiles(open_directory(root_).value()); }
  void put(const std::string& name, const std::string& text) { std::ofstream(root_ / name) << text; }

  std::filesystem::path root_ = testing::TempDir() + "/registration_files_test." + std::to_string(::getpid());
};

TEST_F(RegistrationFilesTest, WhatWasSavedIsLoaded) {
  ASSERT_TRUE(files().save(registration()).has_value());
  const auto loaded = files().load();
  ASSERT_EQ(loaded.size(), 1U);
  ASSERT_TRUE(loaded[0].has_value()) << loaded[0].error().message();
  EXPECT_EQ(*loaded[0], registration());
}

TEST_F(RegistrationFilesTest, NoPodAndAnUnknownOneAreToldApart) {
  Registration of_none = registration("none");
  of_none.verdict.pod_namespace = "";
  of_none.verdict.pod.clear();
  Registration of_unknown = of_none;
  of_unknown.verdict.pod_namespace.reset();
  EXPECT_EQ(registration_from_json(registration_to_json(of_none)).value(), of_none);
  EXPECT_EQ(registration_from_json(registration_to_json(of_unknown)).value(), of_unknown);
}

TEST_F(RegistrationFilesTest, AFileOfAVersionThatKnewNoPolicyIsLoaded) {
  const auto loaded = registration_from_json(
      R"({"version":1,"id":"ab12","pid":42,"start_time":777,"classid":1048577,"class":"","class_origin":"x",)"
      R"("source":"hook","directory":"netclsd/ab12","adopted":0,"registered_at_us":1})");
  ASSERT_TRUE(loaded.has_value()) << loaded.error().message();
  EXPECT_EQ(loaded->verdict.pod_namespace, std::nullopt);
  EXPECT_EQ(loaded->verdict.rule, "");
}

TEST_F(RegistrationFilesTest, WhatWasRemovedIsGoneAndRemovingAgainIsFine) {
  ASSERT_TRUE(files().save(registration()).has_value());
  EXPECT_TRUE(files().remove(registration().id).has_value());
  EXPECT_TRUE(files().remove(registration().id).has_value());
  EXPECT_TRUE(std::filesystem::is_empty(root_));
}

TEST_F(RegistrationFilesTest, AFileThatCannotBeReadIsSetAsideAndStopsNoOther) {
  put("torn.json", "{\"version\": 1, \"id\": \"to");
  put("empty.json", "");
  put("future.json", "{\"version\": 2}");
  put("foreign.json", registration_to_json(registration("another")));
  ASSERT_TRUE(files().save(registration()).has_value());
  int good = 0;
  for (const auto& loaded : files().load()) good += loaded.has_value() ? 1 : 0;
  EXPECT_EQ(good, 1);
  EXPECT_EQ(files().load().size(), 1U);
  EXPECT_TRUE(std::filesystem::exists(root_ / "torn.json.unreadable"));
}

TEST_F(RegistrationFilesTest, AFileThatCannotBeReadNowStaysAndIsWhatTheNextLoadReads) {
  if (!kHasFaultPoints) GTEST_SKIP() << "this build has no fault points";
  RegistrationFiles store = files();
  ASSERT_TRUE(store.save(registration("a")) && store.save(registration("b")));
  const FaultInTest fault(FaultPoint::kFileRead, EMFILE);
  const auto first = store.load();
  ASSERT_EQ(first.size(), 2U);
  ASSERT_FALSE(first[0]);
  EXPECT_EQ(first[0].error().code(), ErrorCode::kUnavailable);
  EXPECT_TRUE(first[1]);
  EXPECT_FALSE(std::filesystem::exists(root_ / "a.json.unreadable"));
  const auto second = store.load();
  ASSERT_EQ(second.size(), 1U) << "b was read";
  EXPECT_EQ(second[0].value(), registration("a"));
  EXPECT_TRUE(store.load().empty());
}

TEST_F(RegistrationFilesTest, OneThatIsRemovedBeforeTheNextLoadIsNoError) {
  if (!kHasFaultPoints) GTEST_SKIP() << "this build has no fault points";
  RegistrationFiles store = files();
  ASSERT_TRUE(store.save(registration("a")));
  const FaultInTest fault(FaultPoint::kFileRead, EIO);
  EXPECT_EQ(store.load().size(), 1U);
  ASSERT_TRUE(store.remove(registration("a").id));
  EXPECT_TRUE(store.load().empty());
}

TEST_F(RegistrationFilesTest, ADirectoryThatCannotBeListedIsListedByTheNextLoad) {
  RegistrationFiles store = files();
  ASSERT_TRUE(store.save(registration("a")));
  rlimit before{};
  ::getrlimit(RLIMIT_NOFILE, &before);
  const rlimit none{.rlim_cur = 0, .rlim_max = before.rlim_max};
  ::setrlimit(RLIMIT_NOFILE, &none);
  const auto first = store.load();
  ::setrlimit(RLIMIT_NOFILE, &before);
  ASSERT_EQ(first.size(), 1U);
  ASSERT_FALSE(first[0]);
  EXPECT_EQ(first[0].error().sys_errno(), EMFILE);
  const auto second = store.load();
  ASSERT_EQ(second.size(), 1U);
  EXPECT_EQ(second[0].value(), registration("a"));
}

TEST_F(RegistrationFilesTest, ATemporaryFileOfACrashIsRemoved) {
  put(".ab12.json.tmp", "{");
  EXPECT_TRUE(files().load().empty());
  EXPECT_TRUE(std::filesystem::is_empty(root_));
}

TEST(RegistrationJsonTest, ADirectoryThatLeadsOutOfTheHierarchyIsRefused) {
  for (const char* directory : {"", "/etc", "../etc", "a/../../b", ".."}) {
    Registration hostile = registration();
    hostile.directory = directory;
    EXPECT_FALSE(registration_from_json(registration_to_json(hostile)).has_value()) << directory;
  }
}

TEST(RegistrationJsonTest, ATimeBeyondTheClockIsRefused) {
  const std::string whole = registration_to_json(registration());
  const std::string key = "\"registered_at_us\":";
  const std::size_t at = whole.find(key) + key.size();
  for (const char* time : {"9223372036854776", "9223372036854775807"}) {
    std::string text = whole;
    text.replace(at, text.find_first_of(",}", at) - at, time);
    EXPECT_FALSE(registration_from_json(text).has_value()) << time;
  }
}

TEST(RegistrationJsonTest, EachMissingFieldIsAnError) {
  const std::string whole = registration_to_json(registration());
  for (const char* key :
       {"version", "id", "pid", "start_time", "classid", "source", "directory", "adopted", "registered_at_us"}) {
    std::string text = whole;
    text.replace(text.find("\"" + std::string(key) + "\""), std::string(key).size() + 2, "\"x\"");
    EXPECT_FALSE(registration_from_json(text).has_value()) << key;
  }
}

}  // namespace
}  // namespace netclsd
