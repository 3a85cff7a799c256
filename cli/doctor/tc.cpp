#include "cli/doctor/tc.h"

#include <linux/ethtool.h>
#include <linux/pkt_cls.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

namespace netclsd::cli {
namespace {

constexpr std::size_t kAnswerMax_bytes = 65'536;  // the kernel packs a list into messages of at most 32 KiB
constexpr std::size_t kAnswersMax = 10'000;
constexpr time_t kAnswerMax_s = 5;
constexpr std::uint32_t kClsactIngress = TC_H_MAKE(TC_H_CLSACT, TC_H_MIN_INGRESS);
constexpr std::uint32_t kClsactEgress = TC_H_MAKE(TC_H_CLSACT, TC_H_MIN_EGRESS);
constexpr std::array<std::string_view, 9> kChoosing = {"htb", "hfsc",   "prio", "drr",   "ets",
                                                       "qfq", "multiq", "cbq",  "clsact"};

// Both headers and attributes begin at multiples of four bytes.
constexpr std::size_t aligned(std::size_t size) { return (size + 3U) & ~std::size_t{3}; }

template <typename Header>
std::optional<Header> header_at(std::string_view bytes) {
  if (bytes.size() < sizeof(Header)) return std::nullopt;
  Header header;
  std::memcpy(&header, bytes.data(), sizeof header);
  return header;
}

// Takes each attribute's number and content.
template <typename Take>
void for_each_attribute(std::string_view bytes, const Take& take) {
  while (const auto attribute = header_at<rtattr>(bytes)) {
    if (attribute->rta_len < sizeof(rtattr) || attribute->rta_len > bytes.size()) return;
    take(attribute->rta_type & NLA_TYPE_MASK, bytes.substr(sizeof(rtattr), attribute->rta_len - sizeof(rtattr)));
    bytes.remove_prefix(std::min(aligned(attribute->rta_len), bytes.size()));
  }
}

std::string text_in(std::string_view attribute) { return std::string(attribute.substr(0, attribute.find('\0'))); }

std::string program_name_in(std::string_view options) {
  std::string name;
  for_each_attribute(options, [&](int type, std::string_view content) {
    if (type == TCA_BPF_NAME) name = text_in(content);
  });
  return name;
}

std::optional<TcMessage> to_tc_message(std::uint16_t type, std::string_view payload) {
  const auto tc = header_at<tcmsg>(payload);
  if (!tc) return std::nullopt;
  TcMessage message{.type = type, .index = static_cast<std::uint32_t>(tc->tcm_ifindex), .handle = tc->tcm_handle};
  std::string_view options;
  for_each_attribute(payload.substr(aligned(sizeof(tcmsg))), [&](int attribute, std::string_view content) {
    if (attribute == TCA_KIND) message.filter.kind = text_in(content);
    if (attribute == TCA_OPTIONS) options = content;
  });
  message.filter.preference = tc->tcm_info >> 16U;
  message.filter.has_options = !options.empty();
  if (message.filter.kind == "bpf") message.filter.name = program_name_in(options);
  return message;
}

std::string interface_name(std::uint32_t index) {
  std::array<char, IF_NAMESIZE> name{};
  return ::if_indextoname(index, name.data()) == nullptr ? "interface " + std::to_string(index) : name.data();
}

bool is_without_qdisc(const Error& error) { return error.sys_errno() == EINVAL || error.sys_errno() == ENOENT; }

}  // namespace

TcAnswer parse_tc_answer(std::string_view datagram) {
  TcAnswer answer;
  while (const auto header = header_at<nlmsghdr>(datagram)) {
    if (header->nlmsg_len < sizeof(nlmsghdr) || header->nlmsg_len > datagram.size()) break;
    const auto payload = datagram.substr(sizeof(nlmsghdr), header->nlmsg_len - sizeof(nlmsghdr));
    datagram.remove_prefix(std::min(aligned(header->nlmsg_len), datagram.size()));
    if (header->nlmsg_type == NLMSG_DONE) answer.is_last = true;
    if (header->nlmsg_type == NLMSG_ERROR) {
      const auto error = header_at<nlmsgerr>(payload);
      answer.is_last = true;
      answer.error = error ? -error->error : EPROTO;
    }
    if (header->nlmsg_type != RTM_NEWQDISC && header->nlmsg_type != RTM_NEWTFILTER) continue;
    if (auto message = to_tc_message(header->nlmsg_type, payload)) answer.messages.push_back(*std::move(message));
  }
  return answer;
}

Result<TcSocket> TcSocket::open() {
  UniqueFd socket(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE));
  if (!socket.is_open()) return system_failure(errno, "open an rtnetlink socket");
  const timeval patience{.tv_sec = kAnswerMax_s, .tv_usec = 0};
  if (::setsockopt(socket.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience) != 0) {
    return system_failure(errno, "set the timeout of an rtnetlink socket");
  }
  return TcSocket(std::move(socket));
}

Result<std::vector<TcMessage>> TcSocket::list(std::uint16_t type, std::uint32_t index, std::uint32_t parent) const {
  struct {
    nlmsghdr header;
    tcmsg tc;
  } request{};
  request.header.nlmsg_len = sizeof request;
  request.header.nlmsg_type = type;
  request.header.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
  request.tc.tcm_ifindex = static_cast<int>(index);
  request.tc.tcm_parent = parent;
  if (::send(socket_.get(), &request, sizeof request, 0) < 0) return system_failure(errno, "ask rtnetlink");
  std::vector<TcMessage> messages;
  std::string buffer(kAnswerMax_bytes, '\0');
  for (std::size_t i = 0; i < kAnswersMax; ++i) {
    const ssize_t size = ::recv(socket_.get(), buffer.data(), buffer.size(), 0);
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) return system_failure(errno, "read from rtnetlink");
    TcAnswer answer = parse_tc_answer(std::string_view(buffer).substr(0, static_cast<std::size_t>(size)));
    if (answer.error != 0) return system_failure(answer.error, "rtnetlink");
    std::move(answer.messages.begin(), answer.messages.end(), std::back_inserter(messages));
    if (answer.is_last) return messages;
  }
  return failure(ErrorCode::kTooLarge, "rtnetlink's answer does not end");
}

Result<std::vector<TcFilter>> TcSocket::filters(std::uint32_t index, std::uint32_t parent) const {
  auto messages = list(RTM_GETTFILTER, index, parent);
  if (!messages && is_without_qdisc(messages.error())) return std::vector<TcFilter>{};
  if (!messages) return pass_on(messages.error());
  std::vector<TcFilter> found;
  for (TcMessage& message : *messages) found.push_back(std::move(message.filter));
  return found;
}

Result<std::vector<TcFilter>> TcSocket::ingress_filters(std::uint32_t index) const {
  auto found = filters(index, kClsactIngress);
  if (found) std::erase_if(*found, [](const TcFilter& filter) { return !filter.has_options; });
  return found;
}

Result<std::vector<Queueing>> TcSocket::queueing() const {
  auto qdiscs = list(RTM_GETQDISC, 0, 0);
  if (!qdiscs) return pass_on(qdiscs.error());
  std::vector<Queueing> found;
  for (const TcMessage& qdisc : *qdiscs) {
    const std::string& kind = qdisc.filter.kind;
    if (std::find(kChoosing.begin(), kChoosing.end(), kind) == kChoosing.end()) continue;
    if (found.size() == kQueueingMax) break;
    auto its = filters(qdisc.index, kind == "clsact" ? kClsactEgress : qdisc.handle);
    if (!its) return pass_on(its.error());
    found.push_back({interface_name(qdisc.index), kind, qdisc.handle, *std::move(its)});
  }
  return found;
}

std::optional<bool> has_gro(const std::string& interface) {
  const UniqueFd socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (!socket.is_open() || interface.size() >= IFNAMSIZ) return std::nullopt;
  ethtool_value value{.cmd = ETHTOOL_GGRO, .data = 0};
  ifreq request{};
  std::memcpy(request.ifr_name, interface.data(), interface.size());
  request.ifr_data = reinterpret_cast<char*>(&value);
  if (::ioctl(socket.get(), SIOCETHTOOL, &request) != 0) return std::nullopt;
  return value.data != 0;
}

}  // namespace netclsd::cli
