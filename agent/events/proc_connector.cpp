#include "agent/events/proc_connector.h"

#include <linux/cn_proc.h>
#include <linux/connector.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <random>
#include <string>
#include <utility>

#include "agent/events/socket_filter.h"
#include "common/base/fault_point.h"
#include "common/net_cls/kernel_flaws.h"

namespace netclsd {
namespace {

constexpr std::size_t kBatch = 64;
constexpr std::size_t kDatagramMax_bytes = 256;  // proc_event has 76 bytes; a longer one is cut, not lost

using Request = std::array<std::byte, sizeof(nlmsghdr) + sizeof(cn_msg) + sizeof(std::uint32_t)>;

Request listen_request(std::uint32_t ack) {
  Request request{};
  nlmsghdr header{};
  header.nlmsg_len = request.size();
  header.nlmsg_type = NLMSG_DONE;
  cn_msg message{};
  message.id = {CN_IDX_PROC, CN_VAL_PROC};
  message.ack = ack;
  message.len = sizeof(std::uint32_t);
  const std::uint32_t operation = PROC_CN_MCAST_LISTEN;
  std::memcpy(request.data(), &header, sizeof header);
  std::memcpy(request.data() + sizeof header, &message, sizeof message);
  std::memcpy(request.data() + sizeof header + sizeof message, &operation, sizeof operation);
  return request;
}

struct Batch {
  std::array<std::array<std::byte, kDatagramMax_bytes>, kBatch> data;
  std::array<sockaddr_nl, kBatch> senders;
  std::array<iovec, kBatch> vectors;
  std::array<mmsghdr, kBatch> messages;
  std::array<ConnectorMessage, kBatch> decoded;

  Batch() {
    for (std::size_t i = 0; i < kBatch; ++i) {
      vectors[i] = {data[i].data(), kDatagramMax_bytes};
      messages[i].msg_hdr = {};
      messages[i].msg_hdr.msg_name = &senders[i];
      messages[i].msg_hdr.msg_namelen = sizeof senders[i];
      messages[i].msg_hdr.msg_iov = &vectors[i];
      messages[i].msg_hdr.msg_iovlen = 1;
    }
  }
};

// Only the kernel has port 0: a user process with CAP_NET_ADMIN may send to our multicast group too.
bool is_from_kernel(const msghdr& header, const sockaddr_nl& sender) {
  return header.msg_namelen == sizeof sender && sender.nl_family == AF_NETLINK && sender.nl_pid == 0;
}

}  // namespace

Result<ProcConnector> ProcConnector::open(Pid self, std::uint64_t receive_buffer_bytes) {
  UniqueFd socket(::socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_CONNECTOR));
  if (!socket.is_open() && errno == EPROTONOSUPPORT) {
    return failure(ErrorCode::kUnavailable,
                   std::string("this kernel has no process events: use a kernel built with ") + kProcessEventOptions);
  }
  if (!socket.is_open()) return system_failure(errno, "open a connector socket");
  ProcConnector connector(std::move(socket));
  if (auto configured = connector.configure(self, receive_buffer_bytes); !configured)
    return pass_on(configured.error());
  return connector;
}

Result<void> ProcConnector::configure(Pid self, std::uint64_t receive_buffer_bytes) {
  const int fd = socket_.get();
  auto filter = event_filter(self);
  const sock_fprog program{static_cast<unsigned short>(filter.size()), filter.data()};
  if (::setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program) != 0) {
    return system_failure(errno, "attach the event filter");
  }
  // Without CAP_NET_ADMIN the system's limit (net.core.rmem_max) holds; then the buffer is smaller, nothing else.
  const int bytes = static_cast<int>(std::min<std::uint64_t>(receive_buffer_bytes, 0x7fff'ffff));
  if (::setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof bytes) != 0) {
    ::setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof bytes);
  }
  int granted = 0;
  socklen_t size = sizeof granted;
  ::getsockopt(fd, SOL_SOCKET, SO_RCVBUF, &granted, &size);
  receive_buffer_bytes_ = static_cast<std::uint64_t>(granted);
  // By default the first overflow makes the kernel drop everything until the queue is empty. With this option it takes
  // new events as soon as there is room; the loss is read from the drop counter instead (take_drops).
  const int on = 1;
  if (::setsockopt(fd, SOL_NETLINK, NETLINK_NO_ENOBUFS, &on, sizeof on) != 0) {
    return system_failure(errno, "set NETLINK_NO_ENOBUFS");
  }
  sockaddr_nl address{};
  address.nl_family = AF_NETLINK;
  address.nl_groups = CN_IDX_PROC;
  address.nl_pid = 0;  // the kernel chooses: our pid may be another container's too
  if (::bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    return system_failure(errno, "bind the connector socket");
  }
  return {};
}

Result<void> ProcConnector::request_events() {
  // The answer is broadcast: a number nobody guesses tells ours from others'.
  request_ack_ = std::random_device{}() & 0x7fff'ffff;
  const Request request = listen_request(request_ack_);
  sockaddr_nl kernel{};
  kernel.nl_family = AF_NETLINK;
  const auto* to = reinterpret_cast<const sockaddr*>(&kernel);
  if (::sendto(socket_.get(), request.data(), request.size(), 0, to, sizeof kernel) >= 0) return {};
  if (errno == ECONNREFUSED) {
    return failure(ErrorCode::kUnavailable,
                   "this is not the host's network namespace, where the kernel's proc connector lives: "
                   "run the agent with the host's network (hostNetwork: true)");
  }
  return system_failure(errno, "subscribe to process events");
}

Result<void> ProcConnector::await_acknowledgement(std::chrono::milliseconds timeout) {
  const auto deadline = std::chrono::steady_clock::now() + timeout;
  std::optional<Acknowledged> answer;
  while (!answer) {
    const auto left =
        std::chrono::duration_cast<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
    if (left.count() <= 0) return failure(ErrorCode::kUnavailable, "the kernel did not answer the subscription");
    pollfd readable{socket_.get(), POLLIN, 0};
    ::poll(&readable, 1, static_cast<int>(left.count()));
    for (const ConnectorMessage& message : take().messages) {
      const auto* acknowledged = std::get_if<Acknowledged>(&message);
      if (acknowledged && acknowledged->ack == request_ack_ + 1) answer = *acknowledged;
    }
  }
  if (answer->error != 0) return system_failure(static_cast<int>(answer->error), "subscribe to process events");
  return {};
}

ConnectorBatch ProcConnector::take() {
  static thread_local Batch batch;
  for (auto& message : batch.messages) message.msg_hdr.msg_namelen = sizeof(sockaddr_nl);
  const int got = ::recvmmsg(socket_.get(), batch.messages.data(), kBatch, MSG_DONTWAIT, nullptr);
  if (got < 0) return {.messages = {}, .has_more = errno == EINTR};
  const auto datagrams = static_cast<std::size_t>(got);
  if (fault_at(FaultPoint::kEventReceive)) return lose(datagrams);
  std::size_t decoded = 0;
  for (std::size_t i = 0; i < datagrams; ++i) {
    if (!is_from_kernel(batch.messages[i].msg_hdr, batch.senders[i])) continue;
    const auto event = decode_event(std::span(batch.data[i]).first(batch.messages[i].msg_len));
    if (event) batch.decoded[decoded++] = *event;
  }
  return {.messages = std::span(batch.decoded).first(decoded), .has_more = datagrams == kBatch};
}

// As if the kernel had found no room for them: the next take_drops() reports them.
ConnectorBatch ProcConnector::lose(std::size_t events) {
  drops_seen_ -= static_cast<std::uint32_t>(events);
  return {.messages = {}, .has_more = events == kBatch};
}

std::optional<ProcConnector::Memory> ProcConnector::read_memory() const {
  Memory memory{};
  static_assert(std::tuple_size_v<Memory> >= SK_MEMINFO_VARS);
  socklen_t size = sizeof memory;
  if (::getsockopt(socket_.get(), SOL_SOCKET, SO_MEMINFO, memory.data(), &size) != 0) return std::nullopt;
  return memory;
}

std::optional<std::uint32_t> ProcConnector::queued_bytes() const {
  const auto memory = read_memory();
  return memory ? std::optional((*memory)[SK_MEMINFO_RMEM_ALLOC]) : std::nullopt;
}

std::uint32_t ProcConnector::take_drops() {
  if (fault_at(FaultPoint::kDropCounter)) return 0;
  const auto memory = read_memory();
  if (!memory) return 0;
  const std::uint32_t drops = (*memory)[SK_MEMINFO_DROPS];
  return drops - std::exchange(drops_seen_, drops);
}

void send_canary() { ::prctl(PR_SET_NAME, "netclsd", 0, 0, 0); }

}  // namespace netclsd
