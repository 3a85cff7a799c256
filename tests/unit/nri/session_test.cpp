#include "nri/session.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/fake_nri_runtime.h"

namespace netclsd::nri {
namespace {

using Runtime = FakeNriRuntime;
using Fields = FakeNriRuntime::Fields;
using testing::HasSubstr;
using testing::IsEmpty;

const std::string kPod = Runtime::pod({.annotations = {{"netclsd.io/classid", "10:1"}}});
const std::string kContainer = Runtime::container({});
constexpr std::uint32_t kStart = 6;
constexpr std::uint32_t kPostStart = 7;

std::string done(const std::string& body = "") { return Fields().text(2, body).bytes(); }

std::string failed(std::uint32_t status, const std::string& why) {
  return Fields().text(1, Fields().number(1, status).text(2, why).bytes()).text(2, "").bytes();
}

class SessionTest : public testing::Test {
 protected:
  // What the plugin answers to the call.
  std::string call(const std::string& method, const std::string& body) {
    last_ = *session_.receive(runtime_.call(method, body));
    const auto answers = Runtime::payloads(last_.to_send, 1);
    if (answers.size() != 1) return "no answer";
    EXPECT_EQ(answers.front().first, runtime_.last_stream());
    return answers.front().second;
  }
  ErrorCode error_of(const std::string& bytes) { return session_.receive(bytes).error().code(); }

  Runtime runtime_;
  Session session_;
  Received last_;
};

TEST_F(SessionTest, SaysItsNameFirst) {
  const auto said = Runtime::payloads(Session::hello("netclsd", "10"), 2);
  ASSERT_EQ(said.size(), 1U);
  EXPECT_EQ(said.front().first, 1U);
  const std::string body = Fields().text(1, "netclsd").text(2, "10").bytes();
  EXPECT_EQ(said.front().second,
            Fields().text(1, "nri.pkg.api.v1alpha1.Runtime").text(2, "RegisterPlugin").text(3, body).bytes());
}

TEST_F(SessionTest, SubscribesToStartsAlone) {
  EXPECT_THAT(session_.receive(Runtime::registered())->to_send, IsEmpty());
  EXPECT_EQ(call("Configure", Runtime::configure()), done(Fields().number(2, 0x60).bytes()));
  EXPECT_EQ(session_.runtime(), "containerd v2.1.9");
  EXPECT_EQ(session_.request_timeout().count(), 2000);
  EXPECT_FALSE(session_.is_synchronized());
}

TEST_F(SessionTest, ATimeoutOfZeroMeansTwoSeconds) {
  call("Configure", Runtime::configure("1.7.24", 0));
  EXPECT_EQ(session_.request_timeout().count(), 2000);
  call("Configure", Runtime::configure("1.7.24", static_cast<std::uint64_t>(-1)));
  EXPECT_EQ(session_.request_timeout().count(), 2000);
  call("Configure", Runtime::configure("1.7.24", 1'000'000'000));
  EXPECT_EQ(session_.request_timeout().count(), 60'000);
}

TEST_F(SessionTest, ListedContainersGetTheirPods) {
  EXPECT_EQ(call("Synchronize", Runtime::synchronize({kPod}, {kContainer})), done());
  ASSERT_EQ(last_.running.size(), 1U);
  EXPECT_EQ(last_.running.front().pod.name, "web-0");
  EXPECT_EQ(last_.running.front().container.id, "ab12");
  EXPECT_TRUE(session_.is_synchronized());
}

TEST_F(SessionTest, AListMayComeInParts) {
  EXPECT_EQ(call("Synchronize", Runtime::synchronize({}, {kContainer}, true)), done(Fields().number(2, 1).bytes()));
  EXPECT_THAT(last_.running, IsEmpty()) << "its pod may come in a later part";
  EXPECT_FALSE(session_.is_synchronized());
  EXPECT_EQ(call("Synchronize", Runtime::synchronize({kPod}, {})), done());
  EXPECT_EQ(last_.running.size(), 1U);
}

TEST_F(SessionTest, AContainerWithoutItsPodIsLeftOut) {
  call("Synchronize", Runtime::synchronize({kPod}, {Runtime::container({.pod_id = "another"})}));
  EXPECT_THAT(last_.running, IsEmpty());
}

TEST_F(SessionTest, AStartWaitsForUs) {
  for (const auto& [method, body] : {std::pair("StateChange", Runtime::state_change(kStart, kPod, kContainer)),
                                     std::pair("StartContainer", Runtime::start_container(kPod, kContainer))}) {
    EXPECT_EQ(call(method, body), "no answer") << "yet";
    ASSERT_EQ(last_.starting.size(), 1U) << method;
    EXPECT_EQ(last_.starting.front().stream, runtime_.last_stream());
    EXPECT_EQ(last_.starting.front().subject.container.pid, Pid{4711});
  }
  EXPECT_EQ(Runtime::payloads(Session::let_start(5), 1), (std::vector{std::pair(5U, done())}));
  EXPECT_EQ(Runtime::payloads(Session::refuse(5, "no class"), 1), (std::vector{std::pair(5U, failed(9, "no class"))}));
}

TEST_F(SessionTest, WhatHasStartedIsNewsOnlyIfItsStartWasMissed) {
  EXPECT_EQ(call("PostStartContainer", Runtime::start_container(kPod, kContainer)), done());
  EXPECT_EQ(last_.running.size(), 1U);
  call("StateChange", Runtime::state_change(kStart, kPod, kContainer));
  EXPECT_EQ(call("StateChange", Runtime::state_change(kPostStart, kPod, kContainer)), done());
  EXPECT_THAT(last_.running, IsEmpty());
  EXPECT_EQ(call("StateChange", Runtime::state_change(kPostStart, kPod, kContainer)), done());
  EXPECT_EQ(last_.running.size(), 1U) << "and once only: it may be started again";
}

TEST_F(SessionTest, OtherEventsAreAnsweredAndIgnored) {
  for (const std::uint32_t event : {0U, 1U, 5U, 11U, 99U}) {
    EXPECT_EQ(call("StateChange", Runtime::state_change(event, kPod, kContainer)), done());
    EXPECT_TRUE(last_.starting.empty() && last_.running.empty());
  }
  EXPECT_EQ(call("Shutdown", ""), done());
}

TEST_F(SessionTest, AnUnknownMethodIsUnimplemented) {
  for (const char* method : {"CreateContainer", "ValidateContainerAdjustment", "", "Startcontainer"}) {
    EXPECT_EQ(call(method, ""), failed(12, "no such method")) << method;
  }
  const auto other = session_.receive(runtime_.call("Configure", Runtime::configure(), "another.Service"));
  EXPECT_EQ(Runtime::payloads(other->to_send, 1).front().second, failed(12, "no such method"));
}

TEST_F(SessionTest, ARuntimeThatDoesNotRegisterUsIsLeft) {
  const std::string no = Fields().text(1, Fields().number(1, 2).text(2, "invalid\nindex").bytes()).bytes();
  const auto received = session_.receive(Runtime::frame(2, Runtime::message(1, 2, no)));
  EXPECT_EQ(received.error().message(), "the runtime does not register the plugin: invalid?index (status 2)");
}

TEST_F(SessionTest, AnOldContainerdIsRefused) {
  EXPECT_EQ(error_of(runtime_.call("Configure", Runtime::configure("v1.7.15"))), ErrorCode::kForbidden);
  for (const char* old : {"1.6.20~ds1", "1.7.0", "v1.7.15", "0.9.9"}) {
    EXPECT_THAT(refusal_of("containerd", old), HasSubstr("too old for NRI")) << old;
  }
  for (const char* fine : {"1.7.16", "v1.7.24", "1.7.24~ds1", "2.0.0", "v2.1.9-rc.1", "1.10.0", "unknown", "", "1.7",
                           "1.x.3", "99999999999999999999.1.1"}) {
    EXPECT_EQ(refusal_of("containerd", fine), "") << fine;
  }
  EXPECT_EQ(refusal_of("cri-o", "1.30.0"), "");
}

TEST_F(SessionTest, GarbageEndsTheConnection) {
  EXPECT_EQ(error_of(Runtime::frame(1, Runtime::message(1, 1, "\xff"))), ErrorCode::kInvalid);
  EXPECT_EQ(error_of(runtime_.call("StateChange", "\xff")), ErrorCode::kInvalid);
  EXPECT_EQ(error_of(runtime_.call("Synchronize", "\x07")), ErrorCode::kInvalid);
}

TEST_F(SessionTest, TooManyContainersInPartsAreRefused) {
  std::string body;
  for (std::size_t i = 0; i < kListedMax; ++i) body += std::string("\x12\x00", 2);
  const std::string part = body + Fields().number(3, 1).bytes();
  EXPECT_EQ(call("Synchronize", part), done(Fields().number(2, 1).bytes()));
  EXPECT_EQ(error_of(runtime_.call("Synchronize", part)), ErrorCode::kTooLarge);
}

}  // namespace
}  // namespace netclsd::nri
