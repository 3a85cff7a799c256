#include "common/model/annotations.h"

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
  EXPECT_TRUE(class_request({{"netclsd.io/classid.web", "10"}, {"io.kubernetes.container.name", "web"}}, std::nullopt)
                  .error()
                  .message()
                  .starts_with(R"(annotation netclsd.io/classid.web: classid "10" is 0:a)"));
}

TEST(ClassRequestTest, ANumberThatARuntimeWroteNeedsNoMajor) {
  EXPECT_EQ(request_of({}, 10), (ClassRequest{*ClassId::parse("0:a"), "linux.resources.network.classID"}));
}

// What containerd's CRI plugin and CRI-O write into the spec of the container "web" of the pod shop/cart-1.
Annotations by_containerd() {
  return {{"io.kubernetes.cri.container-type", "container"}, {"io.kubernetes.cri.container-name", "web"},
          {"io.kubernetes.cri.sandbox-name", "cart-1"},      {"io.kubernetes.cri.sandbox-namespace", "shop"},
          {"io.kubernetes.cri.sandbox-uid", "2f0e"},         {"io.kubernetes.cri.sandbox-id", "5a1d"}};
}
Annotations by_crio() {
  return {{"io.kubernetes.cri-o.ContainerType", "container"},
          {"io.kubernetes.container.name", "web"},
          {"io.kubernetes.pod.name", "cart-1"},
          {"io.kubernetes.pod.namespace", "shop"},
          {"io.kubernetes.pod.uid", "2f0e"},
          {"io.container.manager", "cri-o"}};
}

std::string refusal_of(const Annotations& annotations) {
  const auto identity = pod_identity(annotations);
  if (identity) return "believed";
  EXPECT_EQ(identity.error().code(), ErrorCode::kForbidden);
  return identity.error().message();
}

TEST(PodIdentityTest, BothRuntimesTellTheSame) {
  const PodIdentity expected{.pod_namespace = "shop", .pod = "cart-1", .container = "web"};
  EXPECT_EQ(pod_identity(by_containerd()).value(), expected);
  EXPECT_EQ(pod_identity(by_crio()).value(), expected);
}

TEST(PodIdentityTest, WithoutAnyKeyItIsNoPods) {
  EXPECT_EQ(pod_identity({}).value(), PodIdentity{});
  EXPECT_EQ(pod_identity({{"netclsd.io/class", "gold"}}).value().pod_namespace, "");
}

TEST(PodIdentityTest, PodmansPodsAreNoneOfKubernetes) {
  const Annotations annotations = {{"io.kubernetes.cri-o.ContainerType", "container"},
                                   {"io.kubernetes.cri-o.SandboxID", "77aa"},
                                   {"io.container.manager", "libpod"}};
  EXPECT_EQ(pod_identity(annotations).value(), PodIdentity{});
}

TEST(PodIdentityTest, ContainerdThatDoesNotTellTheNamespaceLeavesItUnknown) {
  Annotations annotations = by_containerd();
  annotations.erase("io.kubernetes.cri.sandbox-namespace");
  EXPECT_EQ(pod_identity(annotations).value().pod_namespace, std::nullopt);
}

TEST(PodIdentityTest, APauseContainerIsSeenUnderBothRuntimes) {
  EXPECT_TRUE(pod_identity({{"io.kubernetes.cri.container-type", "sandbox"}}).value().is_sandbox);
  EXPECT_TRUE(pod_identity({{"io.kubernetes.cri-o.ContainerType", "sandbox"}}).value().is_sandbox);
  EXPECT_FALSE(pod_identity(by_containerd()).value().is_sandbox);
}

struct Lie {
  const char* about;
  Annotations (*runtime)();
  const char* key;
  const char* value;
};

class LieTest : public testing::TestWithParam<Lie> {};

// Under CRI-O each of these reaches the spec from a pod's annotations; under containerd only with a wider glob than
// ours.
TEST_P(LieTest, IsRefusedAndNamed) {
  Annotations annotations = GetParam().runtime();
  annotations[GetParam().key] = GetParam().value;
  const std::string message = refusal_of(annotations);
  EXPECT_NE(message.find(GetParam().key), std::string::npos) << message;
  EXPECT_NE(message.find("contradict each other"), std::string::npos) << message;
}

INSTANTIATE_TEST_SUITE_P(
    UnderCrio, LieTest,
    testing::Values(Lie{"namespace", by_crio, "io.kubernetes.cri.sandbox-namespace", "kube-system"},
                    Lie{"no namespace", by_crio, "io.kubernetes.cri.sandbox-namespace", ""},
                    Lie{"pod", by_crio, "io.kubernetes.cri.sandbox-name", "other"},
                    Lie{"container", by_crio, "io.kubernetes.cri.container-name", "other"},
                    Lie{"pause container", by_crio, "io.kubernetes.cri.container-type", "sandbox"}));
INSTANTIATE_TEST_SUITE_P(UnderContainerd, LieTest,
                         testing::Values(Lie{"namespace", by_containerd, "io.kubernetes.pod.namespace", "kube-system"},
                                         Lie{"pod", by_containerd, "io.kubernetes.pod.name", "other"},
                                         Lie{"container", by_containerd, "io.kubernetes.container.name", "other"},
                                         Lie{"pause container", by_containerd, "io.kubernetes.cri-o.ContainerType",
                                             "sandbox"}));

TEST(PodIdentityTest, TheOtherRuntimesKeysThatSayTheTruthAreNoLie) {
  Annotations annotations = by_crio();
  annotations.merge(by_containerd());
  EXPECT_EQ(pod_identity(annotations).value(), pod_identity(by_crio()).value());
}

TEST(PodIdentityTest, WhereTheyContradictThePartsAreEmpty) {
  Annotations annotations = by_crio();
  annotations["io.kubernetes.cri.sandbox-namespace"] = "kube-system";
  annotations["io.kubernetes.cri.container-name"] = "other";
  EXPECT_EQ(pod_namespace(annotations), "");
  EXPECT_EQ(container_name(annotations), "");
}

TEST(PodIdentityTest, TheServiceAccountIsWhatThePodClaims) {
  Annotations annotations = by_containerd();
  EXPECT_EQ(pod_identity(annotations).value().service_account, std::nullopt);
  annotations["netclsd.io/service-account"] = "api";
  EXPECT_EQ(pod_identity(annotations).value().service_account, "api");
}

TEST(PodIdentityTest, NamesAreBounded) {
  for (const char* key :
       {"io.kubernetes.cri.sandbox-namespace", "io.kubernetes.pod.name", "netclsd.io/service-account"}) {
    EXPECT_TRUE(pod_identity({{key, std::string(253, 'a')}}).has_value());
    EXPECT_EQ(refusal_of({{key, std::string(254, 'a')}}),
              std::string("annotation ") + key + " is longer than 253 characters");
  }
}

TEST(PodIdentityTest, ARefusalIsBounded) {
  EXPECT_LT(refusal_of({{"io.kubernetes.cri.sandbox-name", std::string(1U << 20, 'a')},
                        {"io.kubernetes.pod.name", std::string(1U << 20, 'b')}})
                .size(),
            1'000U);
}

TEST(PodIdentityTest, WhatDecidesAboutAContainer) {
  for (const char* key : {"netclsd.io/class", "netclsd.io/classid", "netclsd.io/class.web", "netclsd.io/classid.web",
                          "netclsd.io/service-account", "io.kubernetes.cri.container-type", "io.kubernetes.pod.name"}) {
    EXPECT_TRUE(decides_about(key, "web")) << key;
  }
  for (const char* key : {"netclsd.io/class.we", "netclsd.io/class.webs", "netclsd.io/class.", "netclsd.io/classes",
                          "netclsd.io/other", "netclsd.io/", "example.com/class", ""}) {
    EXPECT_FALSE(decides_about(key, "web")) << key;
    EXPECT_FALSE(decides_about(key, "")) << key;
  }
}

TEST(SetIdentityTest, ReplacesWhateverTheAnnotationsSaid) {
  Annotations annotations{{"io.kubernetes.pod.namespace", "kube-system"},
                          {"io.kubernetes.cri.sandbox-namespace", "kube-system"},
                          {"io.kubernetes.cri-o.ContainerType", "sandbox"},
                          {"netclsd.io/classid", "10:1"}};
  set_identity(annotations, {.pod_namespace = "shop", .pod = "web-0", .container = "web"});
  EXPECT_EQ(*pod_identity(annotations), (PodIdentity{.pod_namespace = "shop", .pod = "web-0", .container = "web"}));
  EXPECT_EQ(annotations.at("netclsd.io/classid"), "10:1");
  set_identity(annotations, {});
  EXPECT_EQ(pod_identity(annotations)->pod_namespace, std::nullopt) << "the runtime does not say";
  EXPECT_EQ(pod_identity(annotations)->container, "");
}

}  // namespace
}  // namespace netclsd
