#include "agent/events/event_decoder.h"

#include <gtest/gtest.h>

#include "tests/unit/agent/events/connector_datagram.h"

namespace netclsd {
namespace {

// The kernel's numbers (enum proc_cn_event in include/uapi/linux/cn_proc.h), not the table's.
constexpr std::uint32_t kAcknowledgement = 0;
constexpr std::uint32_t kFork = 0x1;
constexpr std::uint32_t kExec = 0x2;
constexpr std::uint32_t kComm = 0x200;
constexpr std::uint32_t kExit = 0x8000'0000;

template <typename T>
const T* as(const std::optional<ConnectorMessage>& message) {
  return message ? std::get_if<T>(&*message) : nullptr;
}

TEST(EventDecoderTest, ReadsAFork) {
  const auto message = decode_event(connector_datagram(kFork, 42, {11, 10, 21, 21}));
  ASSERT_NE(as<Forked>(message), nullptr);
  EXPECT_EQ(*as<Forked>(message), (Forked{Pid{10}, Pid{21}, MonotonicTime{42}}));
}

TEST(EventDecoderTest, AThreadIsNoFork) {
  EXPECT_NE(as<OtherEvent>(decode_event(connector_datagram(kFork, 42, {11, 10, 22, 21}))), nullptr);
}

TEST(EventDecoderTest, ReadsTheThreadGroupOfAnExecAndOfARename) {
  const auto exec = decode_event(connector_datagram(kExec, 7, {12, 10}));
  ASSERT_NE(as<Execed>(exec), nullptr);
  EXPECT_EQ(*as<Execed>(exec), (Execed{Pid{10}, MonotonicTime{7}}));
  const auto rename = decode_event(connector_datagram(kComm, 7, {12, 10}));
  ASSERT_NE(as<Renamed>(rename), nullptr);
  EXPECT_EQ(as<Renamed>(rename)->pid, Pid{10});
}

TEST(EventDecoderTest, ReadsTheAcknowledgementAndItsError) {
  auto bytes = connector_datagram(kAcknowledgement, 7, {1});
  const std::uint32_t ack = 4711;
  std::memcpy(bytes.data() + 16 + 12, &ack, sizeof ack);
  const auto message = decode_event(bytes);
  ASSERT_NE(as<Acknowledged>(message), nullptr);
  EXPECT_EQ(as<Acknowledged>(message)->ack, 4711U);
  EXPECT_EQ(as<Acknowledged>(message)->error, 1U);
}

TEST(EventDecoderTest, EachKindIsCountedUnderItsLabel) {
  const auto label_of_kind = [](std::uint32_t what) {
    return label_of(*decode_event(connector_datagram(what, 7, {})));
  };
  EXPECT_EQ(label_of_kind(kFork), EventLabel::kFork);
  EXPECT_EQ(label_of_kind(kExec), EventLabel::kExec);
  EXPECT_EQ(label_of_kind(kComm), EventLabel::kComm);
  EXPECT_EQ(label_of_kind(kAcknowledgement), EventLabel::kAck);
  EXPECT_EQ(label_of_kind(kExit), EventLabel::kOther);
}

TEST(EventDecoderTest, ALongerDatagramOfANewerKernelIsRead) {
  auto bytes = connector_datagram(kExec, 7, {12, 10});
  bytes.resize(120);
  EXPECT_NE(as<Execed>(decode_event(bytes)), nullptr);
}

TEST(EventDecoderTest, EveryShorterDatagramIsRefused) {
  const auto bytes = connector_datagram(kExec, 7, {12, 10});
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_EQ(decode_event(std::span(bytes).first(size)), std::nullopt) << size;
  }
}

TEST(EventDecoderTest, AHeaderThatLiesAboutItsLengthIsRefused) {
  auto bytes = connector_datagram(kExec, 7, {12, 10});
  for (const std::uint32_t length : {0U, 75U, 77U, 0xffff'ffffU}) {
    std::memcpy(bytes.data(), &length, sizeof length);
    EXPECT_EQ(decode_event(bytes), std::nullopt) << length;
  }
}

TEST(EventDecoderTest, AnotherConnectorsMessageIsRefused) {
  auto bytes = connector_datagram(kExec, 7, {12, 10});
  const cb_id other{5, 1};
  std::memcpy(bytes.data() + 16, &other, sizeof other);
  EXPECT_EQ(decode_event(bytes), std::nullopt);
}

}  // namespace
}  // namespace netclsd
