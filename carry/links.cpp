#include "carry/links.h"

#include <libmnl/libmnl.h>
#include <linux/if_link.h>
#include <linux/net_namespace.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <utility>

#include "carry/attributes.h"

namespace netclsd::carry {
namespace {

constexpr std::size_t kAnswerMax_bytes = 65'536;  // the kernel packs a list into messages of at most 32 KiB
constexpr std::size_t kRequestMax_bytes = 256;

std::optional<LinkKind> kind_in(const nlattr& link_info) {
  std::optional<LinkKind> kind;
  for_each_inside(link_info, [&](const nlattr& inner) {
    if (mnl_attr_get_type(&inner) != IFLA_INFO_KIND) return;
    if (text_of(inner) == "veth") kind = LinkKind::kVeth;
    if (text_of(inner) == "netkit") kind = LinkKind::kNetkit;
  });
  return kind;
}

Xdp xdp_in(const nlattr& xdp) {
  Xdp found = Xdp::kNone;
  for_each_inside(xdp, [&](const nlattr& inner) {
    const auto type = mnl_attr_get_type(&inner);
    if (type == IFLA_XDP_DRV_PROG_ID) found = Xdp::kNative;
    if (type == IFLA_XDP_SKB_PROG_ID && found == Xdp::kNone) found = Xdp::kGeneric;
  });
  return found;
}

std::optional<HostEnd> to_host_end(const nlmsghdr& message) {
  if (message.nlmsg_type != RTM_NEWLINK || message.nlmsg_len < NLMSG_LENGTH(sizeof(ifinfomsg))) return std::nullopt;
  const auto* link = static_cast<const ifinfomsg*>(mnl_nlmsg_get_payload(&message));
  HostEnd end{.index = static_cast<InterfaceIndex>(link->ifi_index), .name = {}};
  std::optional<LinkKind> kind;
  std::optional<NamespaceId> peer;
  for_each_attribute<ifinfomsg>(message, [&](const nlattr& attribute) {
    const auto type = mnl_attr_get_type(&attribute);
    if (type == IFLA_IFNAME) end.name = text_of(attribute);
    if (type == IFLA_LINKINFO) kind = kind_in(attribute);
    if (type == IFLA_XDP) end.xdp = xdp_in(attribute);
    if (type == IFLA_LINK_NETNSID) peer = static_cast<NamespaceId>(mnl_attr_get_u32(&attribute));
  });
  if (!kind || !peer || *peer < 0) return std::nullopt;
  end.kind = *kind;
  end.peer = *peer;
  return end;
}

// What one message says of the request. Absent: more is to come.
std::optional<int> end_of(const nlmsghdr& message) {
  if (message.nlmsg_type == NLMSG_DONE) return 0;
  if (message.nlmsg_type != NLMSG_ERROR) return std::nullopt;
  if (message.nlmsg_len < NLMSG_LENGTH(sizeof(nlmsgerr))) return EPROTO;
  return -static_cast<const nlmsgerr*>(mnl_nlmsg_get_payload(&message))->error;
}

using Request = std::array<char, kRequestMax_bytes>;

Result<mnl_socket*> open_route_socket(int flags, unsigned groups) {
  mnl_socket* socket = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC | flags);
  if (socket == nullptr) return system_failure(errno, "open an rtnetlink socket");
  if (mnl_socket_bind(socket, groups, MNL_SOCKET_AUTOPID) == 0) return socket;
  const int error = errno;
  mnl_socket_close(socket);
  return system_failure(error, "bind an rtnetlink socket");
}

}  // namespace

void RouteSocket::Close::operator()(mnl_socket* socket) const { mnl_socket_close(socket); }
void LinkEvents::Close::operator()(mnl_socket* socket) const { mnl_socket_close(socket); }

Result<RouteSocket> RouteSocket::open() {
  const auto socket = open_route_socket(0, 0);
  if (!socket) return pass_on(socket.error());
  return RouteSocket(*socket);
}

Result<void> RouteSocket::ask(nlmsghdr& request, const Take& take) {
  request.nlmsg_seq = ++sequence_;
  request.nlmsg_flags |= NLM_F_REQUEST;
  if ((request.nlmsg_flags & NLM_F_DUMP) != NLM_F_DUMP) request.nlmsg_flags |= NLM_F_ACK;
  if (mnl_socket_sendto(socket_.get(), &request, request.nlmsg_len) < 0) return system_failure(errno, "ask rtnetlink");
  alignas(nlmsghdr) static thread_local std::array<char, kAnswerMax_bytes> buffer;
  bool is_interrupted = false;
  for (;;) {
    const ssize_t size = mnl_socket_recvfrom(socket_.get(), buffer.data(), buffer.size());
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) return system_failure(errno, "read from rtnetlink");
    int left = static_cast<int>(size);
    for (const auto* at = reinterpret_cast<const nlmsghdr*>(buffer.data()); mnl_nlmsg_ok(at, left);
         at = mnl_nlmsg_next(at, &left)) {
      if (at->nlmsg_seq != sequence_) continue;  // of an earlier request that failed
      is_interrupted = is_interrupted || (at->nlmsg_flags & NLM_F_DUMP_INTR) != 0;
      const auto end = end_of(*at);
      if (end && *end != 0) return system_failure(*end, "rtnetlink");
      if (end) return is_interrupted ? system_failure(EINTR, "read a list from rtnetlink") : Result<void>{};
      take(*at);
    }
  }
}

Result<std::vector<HostEnd>> RouteSocket::host_ends() {
  alignas(nlmsghdr) Request buffer{};
  nlmsghdr* request = mnl_nlmsg_put_header(buffer.data());
  request->nlmsg_type = RTM_GETLINK;
  request->nlmsg_flags = NLM_F_DUMP;
  auto* link = static_cast<ifinfomsg*>(mnl_nlmsg_put_extra_header(request, sizeof(ifinfomsg)));
  link->ifi_family = AF_UNSPEC;
  mnl_attr_put_u32(request, IFLA_EXT_MASK, RTEXT_FILTER_SKIP_STATS);
  std::vector<HostEnd> ends;
  const auto asked = ask(*request, [&](const nlmsghdr& answer) {
    if (auto end = to_host_end(answer)) ends.push_back(*std::move(end));
  });
  if (!asked) return pass_on(asked.error(), "list the network interfaces");
  return ends;
}

Result<std::optional<NamespaceId>> RouteSocket::network_of(Pid pid) {
  alignas(nlmsghdr) Request buffer{};
  nlmsghdr* request = mnl_nlmsg_put_header(buffer.data());
  request->nlmsg_type = RTM_GETNSID;
  auto* general = static_cast<rtgenmsg*>(mnl_nlmsg_put_extra_header(request, sizeof(rtgenmsg)));
  general->rtgen_family = AF_UNSPEC;
  mnl_attr_put_u32(request, NETNSA_PID, static_cast<std::uint32_t>(pid.value));
  std::optional<NamespaceId> network;
  const auto asked = ask(*request, [&](const nlmsghdr& answer) {
    for_each_attribute<rtgenmsg>(answer, [&](const nlattr& attribute) {
      if (mnl_attr_get_type(&attribute) != NETNSA_NSID) return;
      const auto number = static_cast<NamespaceId>(mnl_attr_get_u32(&attribute));
      if (number >= 0) network = number;
    });
  });
  if (!asked) return pass_on(asked.error(), "find the network namespace of pid " + to_string(pid));
  return network;
}

Result<LinkEvents> LinkEvents::open() {
  const auto socket = open_route_socket(SOCK_NONBLOCK, RTMGRP_LINK);
  if (!socket) return pass_on(socket.error());
  return LinkEvents(*socket);
}

int LinkEvents::descriptor() const { return mnl_socket_get_fd(socket_.get()); }

// What is lost (ENOBUFS) is found by the look that follows.
bool LinkEvents::drain() {
  static thread_local std::array<char, kAnswerMax_bytes> buffer;
  bool was_any = false;
  for (;;) {
    const ssize_t size = ::recv(descriptor(), buffer.data(), buffer.size(), MSG_DONTWAIT);
    if (size < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return was_any;
    if (size < 0 && errno != EINTR && errno != ENOBUFS) return was_any;
    was_any = true;
  }
}

}  // namespace netclsd::carry
