#include "cli/doctor/tc.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/pkt_cls.h>
#include <linux/rtnetlink.h>

#include <cerrno>
#include <cstring>

namespace netclsd::cli {
namespace {

template <typename T>
std::string bytes_of(const T& value) {
  return {reinterpret_cast<const char*>(&value), sizeof value};
}

std::string padded(std::string bytes) {
  bytes.resize((bytes.size() + 3) & ~std::size_t{3});
  return bytes;
}

std::string attribute(unsigned short type, const std::string& content) {
  rtattr header{};
  header.rta_len = static_cast<unsigned short>(sizeof header + content.size());
  header.rta_type = type;
  return padded(bytes_of(header) + content);
}

std::string text(unsigned short type, const char* content) { return attribute(type, content + std::string(1, '\0')); }

std::string message(std::uint16_t type, const std::string& payload) {
  nlmsghdr header{};
  header.nlmsg_len = static_cast<std::uint32_t>(sizeof header + payload.size());
  header.nlmsg_type = type;
  return padded(bytes_of(header) + payload);
}

std::string tc(std::uint16_t type, std::uint32_t preference, const std::string& attributes) {
  tcmsg header{};
  header.tcm_ifindex = 7;
  header.tcm_handle = 0x100000;
  header.tcm_info = preference << 16U | 3U;
  return message(type, bytes_of(header) + attributes);
}

const std::string kBpf =
    tc(RTM_NEWTFILTER, 49152,
       text(TCA_KIND, "bpf") + attribute(TCA_OPTIONS | NLA_F_NESTED,
                                         text(TCA_BPF_NAME, "cali_from_pod") + attribute(TCA_BPF_ID, bytes_of(5U))));

TEST(TcAnswerTest, QdiscsAndFiltersAreRead) {
  const TcAnswer answer = parse_tc_answer(tc(RTM_NEWQDISC, 0, text(TCA_KIND, "htb") + attribute(TCA_OPTIONS, "x")) +
                                          kBpf + tc(RTM_NEWTFILTER, 1, text(TCA_KIND, "fw")) +
                                          message(RTM_NEWLINK, "other") + message(NLMSG_DONE, "\0\0\0\0"));
  ASSERT_EQ(answer.messages.size(), 3U);
  EXPECT_TRUE(answer.is_last);
  EXPECT_EQ(answer.error, 0);
  const TcMessage& qdisc = answer.messages[0];
  EXPECT_EQ(qdisc.type, RTM_NEWQDISC);
  EXPECT_EQ(qdisc.index, 7U);
  EXPECT_EQ(qdisc.handle, 0x100000U);
  EXPECT_EQ(qdisc.filter.kind, "htb");
  EXPECT_EQ(answer.messages[1].filter,
            (TcFilter{.kind = "bpf", .preference = 49152, .name = "cali_from_pod", .has_options = true}));
  EXPECT_EQ(answer.messages[2].filter, (TcFilter{.kind = "fw", .preference = 1})) << "the head of a list";
}

TEST(TcAnswerTest, AnErrorIsTheEnd) {
  nlmsgerr error{};
  error.error = -ENODEV;
  const TcAnswer answer = parse_tc_answer(message(NLMSG_ERROR, bytes_of(error)));
  EXPECT_TRUE(answer.is_last);
  EXPECT_EQ(answer.error, ENODEV);
  EXPECT_EQ(parse_tc_answer(message(NLMSG_ERROR, "x")).error, EPROTO);
}

TEST(TcAnswerTest, WhatIsCutOffIsLeftOut) {
  for (std::size_t size = 0; size < kBpf.size(); ++size) {
    const TcAnswer answer = parse_tc_answer(kBpf.substr(0, size));
    EXPECT_TRUE(answer.messages.empty()) << size;
    EXPECT_FALSE(answer.is_last);
  }
  EXPECT_TRUE(parse_tc_answer(message(RTM_NEWQDISC, "short")).messages.empty());
  std::string too_long = kBpf;  // its last attribute says more than there is
  const std::uint16_t length = 100;
  std::memcpy(&too_long[kBpf.size() - 8], &length, sizeof length);
  EXPECT_EQ(parse_tc_answer(too_long).messages.at(0).filter.name, "cali_from_pod");
}

// Of this machine, whatever it has.
TEST(TcSocketTest, TheKernelAnswers) {
  const auto socket = TcSocket::open();
  ASSERT_TRUE(socket.has_value()) << socket.error().message();
  EXPECT_TRUE(socket->queueing().has_value());
  EXPECT_EQ(socket->ingress_filters(1).value(), std::vector<TcFilter>{}) << "of the loopback interface";
  EXPECT_TRUE(socket->ingress_filters(0x7fff'ffff)->empty()) << "there is none";
  EXPECT_EQ(has_gro("no-such-interf"), std::nullopt);
  EXPECT_EQ(has_gro("a-name-that-is-too-long-for-any"), std::nullopt);
}

}  // namespace
}  // namespace netclsd::cli
