#include "common/oci/oci.h"

#include <gtest/gtest.h>

namespace netclsd {
namespace {

TEST(OciStateTest, ReadsWhatRuncWrites) {
  const auto state = parse_oci_state(R"({"ociVersion":"1.0.2-dev","id":"ab12","status":"creating","pid":4711,
      "bundle":"/b","annotations":{"netclsd.io/classid":"10:1"}})");
  ASSERT_TRUE(state);
  EXPECT_EQ(
      *state,
      (OciState{*ContainerId::parse("ab12"), "creating", Pid{4711}, "/b", {{"netclsd.io/classid", "10:1"}}, true}));
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
  EXPECT_EQ(parse_oci_state(R"({"id":"a","status":"stopped","pid":-1})")->pid, Pid{0}) << "as gVisor says it";
}

TEST(OciStateTest, ARuntimeThatTellsNoAnnotationsIsToldFromOneThatHasNoneOfOurs) {
  for (const char* none : {R"({"id":"a"})", R"({"id":"a","annotations":null})", R"({"id":"a","annotations":{}})"}) {
    EXPECT_FALSE(parse_oci_state(none)->has_annotations) << none;
  }
  EXPECT_TRUE(parse_oci_state(R"({"id":"a","annotations":{"io.container.manager":"libpod"}})")->has_annotations);
}

TEST(OciStateTest, TheIdIsReadWhateverTheRestIsLike) {
  for (const char* json :
       {R"({"id":"ab12"})", R"({"id":"ab12","pid":-1,"status":7})", R"({"id":"ab12","pid":1.5,"bundle":[]})",
        R"({"id":"ab12","annotations":{"netclsd.io/class":1}})", R"({"id":"ab12","annotations":"none"})"}) {
    ASSERT_TRUE(parse_oci_state_id(json)) << json;
    EXPECT_EQ(parse_oci_state_id(json)->text(), "ab12") << json;
  }
  EXPECT_EQ(parse_oci_state_id("{}").error().message(), "OCI state: id is missing");
  EXPECT_EQ(parse_oci_state_id("no").error().message(), "OCI state is not JSON (byte 2)");
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
           BadState{R"({"id":"a","pid":4711.0})", "OCI state: pid is not a whole number from 0 to 2147483647"},
           BadState{R"({"id":"a","pid":4294967297})", "OCI state: pid is not a whole number from 0 to 2147483647"},
           BadState{R"({"id":"a","bundle":{}})", "OCI state: bundle is not a text"},
           BadState{R"({"id":"a","annotations":{"netclsd.io/class":1}})",
                    "OCI state: annotations.netclsd.io/class is not a text"},
           BadState{R"({"id":""})", "OCI state: container id is empty"},
       }) {
    const auto state = parse_oci_state(bad.json);
    ASSERT_FALSE(state) << bad.json;
    EXPECT_EQ(state.error().message(), bad.message);
  }
}

TEST(OciStateTest, OfForeignAnnotationsNothingIsRead) {
  const auto state = parse_oci_state(R"({"id":"a","annotations":{"k":1,"l":"m","netclsd.io/class":"gold"}})");
  ASSERT_TRUE(state);
  EXPECT_EQ(state->annotations, (Annotations{{"netclsd.io/class", "gold"}}));
}

TEST(OciStateTest, IdsThatAreNoFileNamesAreRefused) { EXPECT_FALSE(parse_oci_state(R"({"id":"../../etc"})")); }

TEST(OciStateTest, MoreThanSixteenMebibytesAreRefused) {
  const std::string json = R"({"id":"a"})" + std::string(kStateMax_bytes, ' ');
  EXPECT_EQ(parse_oci_state(json).error().code(), ErrorCode::kTooLarge);
}

TEST(OciSpecTest, ReadsAnnotationsClassidAndPath) {
  const auto spec = parse_oci_spec(R"({"ociVersion":"1.0.2","process":{"args":["sh"]},"annotations":{
      "netclsd.io/class":"gold","io.kubernetes.cri.sandbox-namespace":"shop","a":"b","netclsd.iox":"c","d":{"e":1}},
      "linux":{"cgroupsPath":"/kube/x","resources":{"network":{"classID":1048577},"memory":{"limit":-1}}}})");
  ASSERT_TRUE(spec);
  EXPECT_EQ(
      *spec,
      (OciSpec{
          {{"netclsd.io/class", "gold"}, {"io.kubernetes.cri.sandbox-namespace", "shop"}}, 1048577, "/kube/x", false}))
      << "and nothing of annotations that nobody reads";
}

TEST(OciSpecTest, NothingButItsVersionIsRequired) {
  for (const char* json : {R"({"ociVersion":"1.0"})", R"({"ociVersion":"1.0","linux":null})",
                           R"({"ociVersion":"1.0","linux":{"resources":{"network":{"classID":null}}}})"}) {
    EXPECT_EQ(*parse_oci_spec(json), OciSpec{}) << json;
  }
}

TEST(OciSpecTest, TheHighestClassidFits) {
  EXPECT_EQ(parse_oci_spec(R"({"ociVersion":"1","linux":{"resources":{"network":{"classID":4294967295}}}})")->classid,
            0xffffffffU);
}

TEST(OciSpecTest, ErrorsNameTheField) {
  EXPECT_EQ(parse_oci_spec(R"({"ociVersion":"1","linux":{"resources":{"network":{"classID":4294967296}}}})")
                .error()
                .message(),
            "config.json: linux.resources.network.classID is not a whole number from 0 to 4294967295");
  EXPECT_EQ(parse_oci_spec(R"({"ociVersion":"1","linux":{"cgroupsPath":1}})").error().message(),
            "config.json: linux.cgroupsPath is not a text");
  EXPECT_EQ(parse_oci_spec(R"({"ociVersion":"1","linux":[]})").error().message(),
            "config.json: linux.resources.network.classID is inside of something that is not an object");
  EXPECT_EQ(parse_oci_spec(R"({"name":"web","version":"1.0.0"})").error().message(),
            "config.json: ociVersion is missing");
  EXPECT_EQ(parse_oci_spec("{").error().message(), "config.json is not JSON (byte 2)");
}

bool has_own_mounts(const std::string& namespaces) {
  return parse_oci_spec(R"({"ociVersion":"1.0","linux":{"namespaces":)" + namespaces + "}}")->has_own_mounts;
}

TEST(OciSpecTest, KnowsWhetherAMountNamespaceIsMade) {
  EXPECT_TRUE(has_own_mounts(R"([{"type":"pid"},{"type":"mount"}])"));
  EXPECT_TRUE(has_own_mounts(R"([{"type":"mount","path":""}])"));
  EXPECT_FALSE(has_own_mounts(R"([{"type":"mount","path":"/proc/1/ns/mnt"}])")) << "it is joined";
  for (const char* none : {"[]", "null", "{}", R"("mount")", R"(["mount"])", R"([{"type":1},{"type":"pid"}])"}) {
    EXPECT_FALSE(has_own_mounts(none)) << none;
  }
}

TEST(OciSpecTest, MoreThanSixteenMebibytesAreRefused) {
  EXPECT_EQ(parse_oci_spec("{}" + std::string(kSpecMax_bytes, ' ')).error().code(), ErrorCode::kTooLarge);
}

}  // namespace
}  // namespace netclsd
