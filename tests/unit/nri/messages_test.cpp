#include "nri/messages.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include "tests/support/fake_nri_runtime.h"

namespace netclsd::nri {
namespace {

using Runtime = FakeNriRuntime;
using Fields = FakeNriRuntime::Fields;
using testing::HasSubstr;

TEST(NriMessagesTest, ACallIsReadAndWrittenTheSame) {
  const Call call{"service", "method", "body"};
  const auto read = parse_call(to_bytes(call));
  EXPECT_EQ(read->service + " " + read->method + " " + read->body, "service method body");
  EXPECT_EQ(to_bytes(call), Fields().text(1, "service").text(2, "method").text(3, "body").bytes());
}

TEST(NriMessagesTest, AnAnswerHasAStatusOrABody) {
  EXPECT_EQ(to_bytes(Answer{.status = 0, .message = {}, .body = "b"}), Fields().text(2, "b").bytes());
  const std::string refused = Fields().text(1, Fields().number(1, 9).text(2, "no").bytes()).text(2, "").bytes();
  EXPECT_EQ(to_bytes(Answer{.status = 9, .message = "no", .body = {}}), refused);
  EXPECT_EQ(parse_answer(refused)->status, 9U);
  EXPECT_EQ(parse_answer(refused)->message, "no");
}

TEST(NriMessagesTest, TheRuntimeIsConfigured) {
  const auto configuration = parse_configuration(Runtime::configure("v1.7.24", 0));
  EXPECT_EQ(configuration->runtime + " " + configuration->version, "containerd v1.7.24");
  EXPECT_EQ(configuration->request_timeout.count(), 0);
  EXPECT_EQ(configured_body({Event::kStartContainer, Event::kPostStartContainer}), Fields().number(2, 0x60).bytes());
  EXPECT_EQ(register_plugin_body("netclsd", "10"), Fields().text(1, "netclsd").text(2, "10").bytes());
}

TEST(NriMessagesTest, WhatWeNeedOfAContainerIsRead) {
  const std::string pod = Runtime::pod({.annotations = {{"netclsd.io/classid", "10:1"}, {"other", "x"}}});
  const std::string container = Runtime::container({.annotations = {{"netclsd.io/class", "gold"}}});
  const auto change = parse_state_change(Runtime::state_change(6, pod, container));
  EXPECT_EQ(change->event, 6U);
  const Subject& subject = change->subject;
  EXPECT_EQ(subject.pod.id + subject.pod.name + subject.pod.name_space, "pod1web-0shop");
  EXPECT_EQ(subject.pod.annotations, (Annotations{{"netclsd.io/classid", "10:1"}})) << "the others are not kept";
  EXPECT_EQ(subject.container.id + subject.container.pod_id + subject.container.name, "ab12pod1web");
  EXPECT_EQ(subject.container.annotations, (Annotations{{"netclsd.io/class", "gold"}}));
  EXPECT_EQ(subject.container.cgroups_path, "/kubepods/ab12");
  EXPECT_EQ(subject.container.pid, Pid{4711});
  EXPECT_EQ(parse_subject(Runtime::start_container(pod, container))->container.id, "ab12");
}

TEST(NriMessagesTest, AListingHasPodsContainersAndMaybeMore) {
  const auto listing = parse_listing(
      Runtime::synchronize({Runtime::pod({}), Runtime::pod({.id = "pod2"})}, {Runtime::container({})}, true));
  EXPECT_EQ(listing->pods.size(), 2U);
  EXPECT_EQ(listing->containers.size(), 1U);
  EXPECT_TRUE(listing->has_more);
  EXPECT_FALSE(parse_listing("")->has_more);
  EXPECT_EQ(listed_body(true), Fields().number(2, 1).bytes());
  EXPECT_EQ(listed_body(false), "");
}

std::int64_t most_memory_kib() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  return usage.ru_maxrss;
}

TEST(NriMessagesTest, ManyEmptyContainersAreRefusedBeforeTheyTakeUpMemory) {
  constexpr std::size_t kMany = 4'000'000;  // 8 MB as a message, and as containers nearly a gigabyte
  std::string body;
  for (std::size_t i = 0; i < kMany; ++i) body += std::string_view("\x12\x00", 2);
  const std::int64_t before = most_memory_kib();
  EXPECT_EQ(parse_listing(body).error().code(), ErrorCode::kTooLarge);
  EXPECT_LT(most_memory_kib() - before, 100'000);
}

TEST(NriMessagesTest, UnknownFieldsAndOtherTypesAreSkipped) {
  const std::string pod = Fields().text(99, "new").number(1, 5).text(1, "pod1").text(10, "10.0.0.1").bytes();
  EXPECT_EQ(parse_subject(Fields().number(1, 3).text(1, pod).text(7, "x").bytes())->pod.id, "pod1");
  const std::string fixed("\x65\x01\x00\x00\x00", 5);  // the pid, but as 32 fixed bits
  EXPECT_EQ(parse_subject(Fields().text(2, Fields().text(1, "a").bytes() + fixed).bytes())->container.pid, Pid{0});
}

TEST(NriMessagesTest, APidThatIsNoneIsZero) {
  for (const std::uint64_t pid : {0x8000'0000ULL, 0xffff'ffffULL, 0ULL}) {
    const auto subject = parse_subject(Fields().text(2, Fields().number(12, pid).bytes()).bytes());
    EXPECT_EQ(subject->container.pid, Pid{0}) << pid;
  }
}

TEST(NriMessagesTest, WhatIsNoProtocolBufferIsAnErrorOfOneLine) {
  const std::string whole = Runtime::start_container(Runtime::pod({}), Runtime::container({}));
  for (std::size_t size = 1; size < whole.size(); ++size) {
    const auto cut = parse_subject(whole.substr(0, size));  // where a field ends, it is whole
    if (cut) continue;
    EXPECT_THAT(cut.error().message(), HasSubstr("the runtime's event is no protocol buffer"));
  }
  EXPECT_FALSE(parse_subject(whole.substr(0, whole.size() - 1)));
  for (const std::string_view garbage : {"\xff", "\x07", "\x0a\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", "\x0b"}) {
    EXPECT_FALSE(parse_call(garbage));
    EXPECT_FALSE(parse_answer(garbage));
    EXPECT_FALSE(parse_listing(garbage));
    EXPECT_FALSE(parse_configuration(garbage));
    EXPECT_FALSE(parse_state_change(garbage));
  }
}

}  // namespace
}  // namespace netclsd::nri
