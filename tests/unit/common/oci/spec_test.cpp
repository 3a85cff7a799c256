#include "common/oci/spec.h"

#include <gtest/gtest.h>

namespace netclsd {
namespace {

TEST(OciSpecTest, ReadsAnnotationsClassidAndPath) {
  const auto spec = parse_oci_spec(R"({"ociVersion":"1.0.2","process":{"args":["sh"]},"annotations":{"a":"b"},
      "linux":{"cgroupsPath":"/kube/x","resources":{"network":{"classID":1048577},"memory":{"limit":-1}}}})");
  ASSERT_TRUE(spec);
  EXPECT_EQ(*spec, (OciSpec{{{"a", "b"}}, 1048577, "/kube/x"}));
}

TEST(OciSpecTest, NothingOfItIsRequired) {
  for (const char* json : {"{}", R"({"linux":null})", R"({"linux":{"resources":{"network":{"classID":null}}}})"}) {
    EXPECT_EQ(*parse_oci_spec(json), OciSpec{}) << json;
  }
}

TEST(OciSpecTest, TheHighestClassidFits) {
  EXPECT_EQ(parse_oci_spec(R"({"linux":{"resources":{"network":{"classID":4294967295}}}})")->classid, 0xffffffffU);
}

TEST(OciSpecTest, ErrorsNameTheField) {
  EXPECT_EQ(parse_oci_spec(R"({"linux":{"resources":{"network":{"classID":4294967296}}}})").error().message(),
            "config.json: linux.resources.network.classID is not a whole number from 0 to 4294967295");
  EXPECT_EQ(parse_oci_spec(R"({"linux":{"cgroupsPath":1}})").error().message(),
            "config.json: linux.cgroupsPath is not a text");
  EXPECT_EQ(parse_oci_spec(R"({"linux":[]})").error().message(),
            "config.json: linux.resources.network.classID is inside of something that is not an object");
  EXPECT_EQ(parse_oci_spec("{").error().message(), "config.json is not JSON (byte 2)");
}

TEST(OciSpecTest, MoreThanSixteenMebibytesAreRefused) {
  EXPECT_EQ(parse_oci_spec("{}" + std::string(kSpecMax_bytes, ' ')).error().code(), ErrorCode::kTooLarge);
}

}  // namespace
}  // namespace netclsd
