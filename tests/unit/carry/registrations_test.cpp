#include "carry/registrations.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>

#include "agent/containers/registration.h"
#include "tests/unit/common/temporary_directory.h"

namespace netclsd::carry {
namespace {

Registration registration(const std::string& id) {
  return {.id = *ContainerId::parse(id),
          .init = {Pid{4711}, StartTime{99}},
          .choice = {.classid = *ClassId::parse("10:1")},
          .directory = "netclsd/" + id,
          .membership = MembershipPath{.hierarchy = "", .path = "/pods/" + id},
          .registered_at = {}};
}

TEST(RegistrationTest, WhatTheAgentWritesIsRead) {
  const auto read = parse_registration(registration_to_json(registration("a")));
  ASSERT_TRUE(read) << read.error().message();
  EXPECT_EQ(read->id.text(), "a");
  EXPECT_EQ(read->classid, *ClassId::parse("10:1"));
  EXPECT_EQ(read->init, (ProcessKey{Pid{4711}, StartTime{99}}));
  EXPECT_EQ(read->membership, "/pods/a");
}

TEST(RegistrationTest, OnlyACgroupOfTheUnifiedHierarchyHasAnIdThatSocketsHave) {
  Registration other = registration("a");
  other.membership->hierarchy = "memory";
  EXPECT_EQ(parse_registration(registration_to_json(other))->membership, "");
  other.membership.reset();
  EXPECT_EQ(parse_registration(registration_to_json(other))->membership, "");
}

TEST(RegistrationTest, WhatIsWrongIsAnError) {
  EXPECT_FALSE(parse_registration("no JSON"));
  EXPECT_FALSE(parse_registration(R"({"version": 1, "id": "a", "classid": 0, "pid": 1, "start_time": 1})"));
  EXPECT_FALSE(parse_registration(R"({"version": 1, "id": "../a", "classid": 1, "pid": 1, "start_time": 1})"));
  EXPECT_EQ(
      parse_registration(R"({"version": 2, "id": "a", "classid": 1, "pid": 1, "start_time": 1})").error().message(),
      "version is not 1");
}

TEST(RegistrationTest, OneBadFileDoesNotHideTheOthers) {
  const TemporaryDirectory directory;
  const auto write = [&](const std::string& name, const std::string& text) {
    const std::string path = directory.path() + "/" + name;
    std::ofstream(path) << text;
    ASSERT_EQ(::chmod(path.c_str(), 0600), 0);
  };
  write("a.json", registration_to_json(registration("a")));
  write("b.json", "broken");
  write("c.json", registration_to_json(registration("other")));
  write(".d.json.tmp", "half");
  write("e.json.unreadable", "broken");
  const auto opened = open_directory(directory.path());
  const auto read = read_registrations(*opened);
  ASSERT_TRUE(read);
  ASSERT_EQ(read->containers.size(), 1U);
  EXPECT_EQ(read->containers.front().id.text(), "a");
  EXPECT_THAT(read->problems, testing::ElementsAre(testing::HasSubstr("b.json: registration is not JSON"),
                                                   "c.json: is of another container"));
}

TEST(RegistrationTest, AContainerWhoseFileCannotBeReadNowIsStillThere) {
  const auto of = [](const std::string& id) { return *parse_registration(registration_to_json(registration(id))); };
  const Registrations before{.containers = {of("a"), of("b")}, .problems = {}};
  EXPECT_EQ(completed({.containers = {of("a")}, .problems = {}}, before).containers.size(), 1U);
  const auto kept = completed({.containers = {of("a"), of("c")}, .problems = {"b.json"}, .is_whole = false}, before);
  ASSERT_EQ(kept.containers.size(), 3U);
  EXPECT_EQ(kept.containers.back().id.text(), "b");
}

}  // namespace
}  // namespace netclsd::carry
