#include "common/model/class_request.h"

#include <gtest/gtest.h>

namespace netclsd {
namespace {

const ClassId kGold = *ClassId::parse("10:1");
const ClassId kBulk = *ClassId::parse("10:20");

ClassRequest request_of(const Annotations& annotations, std::optional<std::uint32_t> spec_classid = std::nullopt) {
  const auto request = class_request(annotations, spec_classid);
  return request && *request ? **request : ClassRequest{ClassName{"none"}, ""};
}

TEST(ClassRequestTest, NothingAskedForIsNoError) {
  EXPECT_EQ(*class_request({}, std::nullopt), std::nullopt);
  EXPECT_EQ(*class_request({{"other", "x"}}, 0), std::nullopt);
}

TEST(ClassRequestTest, ReadsClassidAndClassName) {
  EXPECT_EQ(request_of({{"netclsd.io/classid", "10:1"}}), (ClassRequest{kGold, "netclsd.io/classid"}));
  EXPECT_EQ(request_of({{"netclsd.io/class", "gold"}}), (ClassRequest{ClassName{"gold"}, "netclsd.io/class"}));
}

TEST(ClassRequestTest, TheContainersAnnotationBeatsThePods) {
  for (const char* name_key : {"io.kubernetes.cri.container-name", "io.kubernetes.container.name"}) {
    const Annotations annotations = {
        {name_key, "web"}, {"netclsd.io/classid", "10:1"}, {"netclsd.io/classid.web", "10:20"}};
    EXPECT_EQ(request_of(annotations), (ClassRequest{kBulk, "netclsd.io/classid.web"})) << name_key;
  }
}

TEST(ClassRequestTest, AnotherContainersAnnotationDoesNotCount) {
  const Annotations annotations = {
      {"io.kubernetes.cri.container-name", "web"}, {"netclsd.io/classid", "10:1"}, {"netclsd.io/classid.db", "10:20"}};
  EXPECT_EQ(request_of(annotations).wanted, (std::variant<ClassId, ClassName>(kGold)));
}

TEST(ClassRequestTest, AnnotationsBeatTheSpec) {
  EXPECT_EQ(request_of({{"netclsd.io/classid", "10:1"}}, kBulk.raw()).wanted,
            (std::variant<ClassId, ClassName>(kGold)));
  EXPECT_EQ(request_of({}, kBulk.raw()), (ClassRequest{kBulk, "linux.resources.network.classID"}));
}

TEST(ClassRequestTest, ContradictionAtOneLevelIsAnError) {
  const auto request = class_request({{"netclsd.io/classid", "10:1"}, {"netclsd.io/class", "gold"}}, std::nullopt);
  ASSERT_FALSE(request);
  EXPECT_EQ(request.error().message(), "annotations netclsd.io/classid and netclsd.io/class contradict each other");
}

TEST(ClassRequestTest, AContainersNameKeepsTheErrorOneShortLine) {
  const std::string name = "web\nERROR forged" + std::string(230, 'x');
  const auto request =
      class_request({{"io.kubernetes.container.name", name}, {"netclsd.io/classid." + name, "0"}}, std::nullopt);
  ASSERT_FALSE(request);
  EXPECT_EQ(request.error().message().find('\n'), std::string::npos);
  EXPECT_LT(request.error().message().size(), 300U);
}

TEST(ClassRequestTest, DifferentLevelsDoNotContradict) {
  EXPECT_EQ(
      request_of(
          {{"io.kubernetes.container.name", "web"}, {"netclsd.io/class", "gold"}, {"netclsd.io/classid.web", "10:20"}}),
      (ClassRequest{kBulk, "netclsd.io/classid.web"}));
}

TEST(ClassRequestTest, BadValuesAreErrorsNamingTheKey) {
  EXPECT_TRUE(class_request({{"netclsd.io/classid", "0"}}, std::nullopt)
                  .error()
                  .message()
                  .starts_with("annotation netclsd.io/classid: "));
  EXPECT_EQ(class_request({{"netclsd.io/class", ""}}, std::nullopt).error().message(),
            "annotation netclsd.io/class is empty");
}

}  // namespace
}  // namespace netclsd
