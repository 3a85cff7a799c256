#include "nri/frames.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <iterator>

#include "tests/support/fake_nri_runtime.h"

namespace netclsd::nri {
namespace {

using Runtime = FakeNriRuntime;

Message request(std::uint32_t stream, std::string payload) {
  return {Channel::kPlugin, stream, MessageType::kRequest, std::move(payload)};
}

TEST(FramesTest, AMessageIsReadFromOneFrame) {
  FrameReader reader;
  EXPECT_EQ(*reader.read(Runtime::frame(1, Runtime::message(3, 1, "hello"))), std::vector{request(3, "hello")});
}

TEST(FramesTest, WhatWeSendIsReadAgain) {
  const Message message{Channel::kRuntime, 7, MessageType::kResponse, std::string(10'000, 'x')};
  FrameReader reader;
  EXPECT_EQ(*reader.read(to_frames(message)), std::vector{message});
}

TEST(FramesTest, NoFrameThatWeSendIsLongerThanARuntimeTakes) {
  for (const std::size_t size : {0U, 1U, 4'085U, 4'086U, 4'087U, 8'182U, 200'000U}) {
    const std::string frames = to_frames(request(1, std::string(size, 'x')));
    const auto payloads = Runtime::payloads(frames, 1);
    ASSERT_EQ(payloads.size(), 1U) << size;
    EXPECT_EQ(payloads.front().second.size(), size);
    EXPECT_EQ(frames.size(), size + 10 + 8 * ((size + 10 + 4'095) / 4'096)) << "and none is empty";
  }
}

TEST(FramesTest, BytesMayArriveOneByOne) {
  FrameReader reader;
  std::vector<Message> messages;
  const std::string bytes = Runtime::frame(1, Runtime::message(1, 1, "one")) + Runtime::frame(1, "") +
                            Runtime::frame(1, Runtime::message(3, 1, "")) +
                            Runtime::frame(1, Runtime::message(5, 1, "three"));
  for (const char c : bytes) {
    auto read = *reader.read({&c, 1});
    std::move(read.begin(), read.end(), std::back_inserter(messages));
  }
  EXPECT_EQ(messages, (std::vector{request(1, "one"), request(3, ""), request(5, "three")}));
}

TEST(FramesTest, AMessageMayBeCutIntoFramesAndAFrameMayHoldSeveral) {
  FrameReader reader;
  const std::string stream = Runtime::message(1, 1, "first") + Runtime::message(3, 1, "second");
  const std::string cut = Runtime::frame(1, stream.substr(0, 4)) + Runtime::frame(1, stream.substr(4, 20)) +
                          Runtime::frame(1, stream.substr(24));
  EXPECT_EQ(*reader.read(cut), (std::vector{request(1, "first"), request(3, "second")}));
}

TEST(FramesTest, ChannelsDoNotMix) {
  FrameReader reader;
  const std::string call = Runtime::message(1, 1, "call");
  const auto messages =
      reader.read(Runtime::frame(1, call.substr(0, 12)) + Runtime::frame(2, Runtime::message(1, 2, "answer")) +
                  Runtime::frame(1, call.substr(12)));
  EXPECT_EQ(*messages,
            (std::vector{Message{Channel::kRuntime, 1, MessageType::kResponse, "answer"}, request(1, "call")}));
}

TEST(FramesTest, OtherChannelsAndOtherTypesAreSkipped) {
  FrameReader reader;
  const auto messages = reader.read(Runtime::frame(0, "abc") + Runtime::frame(3, std::string(5'000, 'x')) +
                                    Runtime::frame(1, Runtime::message(1, 3, "data")) +
                                    Runtime::frame(1, Runtime::message(1, 1, "call")));
  EXPECT_EQ(*messages, std::vector{request(1, "call")});
}

TEST(FramesTest, ALongMessageIsReadAndATooLongOneIsAnErrorAtOnce) {
  FrameReader reader;
  const std::string long_one(5'500'000, 'x');
  EXPECT_EQ(reader.read(Runtime::frame(1, Runtime::message(1, 1, long_one)))->front().payload.size(), long_one.size());
  const std::string huge("\x04\x00\x00\x01\x00\x00\x00\x01\x01\x00", 10);  // 64 MiB and a byte
  EXPECT_EQ(reader.read(Runtime::frame(1, huge)).error().code(), ErrorCode::kTooLarge);
  FrameReader other;
  const std::string large_answer("\x00\x10\x00\x01\x00\x00\x00\x01\x02\x00", 10);  // 1 MiB and a byte
  EXPECT_EQ(other.read(Runtime::frame(2, large_answer)).error().code(), ErrorCode::kTooLarge);
}

TEST(FramesTest, AnAnnouncedLengthTakesUpNoMemory) {
  FrameReader reader;
  const std::string most("\x04\x00\x00\x00\x00\x00\x00\x01\x01\x00", 10);
  EXPECT_TRUE(reader.read(std::string("\x00\x00\x00\x01\xff\xff\xff\xff", 8) + most + "abc")->empty());
}

}  // namespace
}  // namespace netclsd::nri
