#include "common/oci/state.h"

#include <gtest/gtest.h>

namespace netclsd {
namespace {

TEST(OciStateTest, ReadsWhatRuncWrites) {
  const auto state = parse_oci_state(R"({"ociVersion":"1.0.2-dev","id":"ab12","status":"creating","pid":4711,
      "bundle":"/b","annotations":{"netclsd.io/classid":"10:1"}})");
  ASSERT_TRUE(state);
  EXPECT_EQ(*state,
            (OciState{*ContainerId::parse("ab12"), "creating", Pid{4711}, "/b", {{"netclsd.io/classid", "10:1"}}}));
}

TEST(OciStateTest, ReadsWhatCrunWrites) {
  const auto state = parse_oci_state(R"({"ociVersion":"1.0","id":"ab12","pid":7,"root":"/r","bundle":"/b",
      "status":"created","owner":"","extra":{"deep":[1,2]}})");
  ASSERT_TRUE(state);
  EXPECT_EQ(state->status, "created");
  EXPECT_TRUE(state->annotations.empty());
}

TEST(OciStateTest, AfterTheEndThereMayBeNoPid) {
  EXPECT_EQ(parse_oci_state(R"({"id":"a","status":"stopped","pid":0})")->pid, Pid{0});
  EXPECT_EQ(parse_oci_state(R"({"id":"a","status":"stopped"})")->pid, Pid{0});
  EXPECT_EQ(parse_oci_state(R"({"id":"a","annotations":null})")->status, "");
}

struct BadState {
  const char* json;
  const char* message;
};

TEST(OciStateTest, ErrorsAreOneLineAndNameTheField) {
  for (const BadState& bad : {
           BadState{"", "OCI state is empty"},
           BadState{"nojson", "OCI state is not JSON (byte 2)"},
           BadState{"[]", "OCI state is not a JSON object"},
           BadState{"{}", "OCI state: id is missing"},
           BadState{R"({"id":7})", "OCI state: id is not a text"},
           BadState{R"({"id":"a","pid":-1})", "OCI state: pid is not a whole number from 0 to 2147483647"},
           BadState{R"({"id":"a","pid":4294967297})", "OCI state: pid is not a whole number from 0 to 2147483647"},
           BadState{R"({"id":"a","bundle":{}})", "OCI state: bundle is not a text"},
           BadState{R"({"id":"a","annotations":{"k":1}})", "OCI state: annotations.k is not a text"},
           BadState{R"({"id":""})", "OCI state: container id is empty"},
       }) {
    const auto state = parse_oci_state(bad.json);
    ASSERT_FALSE(state) << bad.json;
    EXPECT_EQ(state.error().message(), bad.message);
  }
}

TEST(OciStateTest, IdsThatAreNoFileNamesAreRefused) { EXPECT_FALSE(parse_oci_state(R"({"id":"../../etc"})")); }

TEST(OciStateTest, MoreThanOneMebibyteIsRefused) {
  const std::string json = R"({"id":"a"})" + std::string(kStateMax_bytes, ' ');
  EXPECT_EQ(parse_oci_state(json).error().code(), ErrorCode::kTooLarge);
}

}  // namespace
}  // namespace netclsd
