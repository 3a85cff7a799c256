// What the kernel says of network interfaces (rtnetlink(7)), in the network namespace that the program was started in.
#pragma once

#include <linux/netlink.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "carry/plan.h"
#include "common/base/error.h"
#include "common/model/process.h"

struct mnl_socket;

namespace netclsd::carry {

class RouteSocket {
 public:
  [[nodiscard]] static Result<RouteSocket> open();

  using Take = std::function<void(const nlmsghdr& answer)>;
  // Sends one request and passes each answer on, until the kernel has said that it was the last one. `request` has room
  // for nothing more than what is in it; its sequence number is set here. EINTR: the list was changed while it was
  // read.
  [[nodiscard]] Result<void> ask(nlmsghdr& request, const Take& take);

  // The host's ends of all veths and netkits whose other end is elsewhere. Reading them gives each of those namespaces
  // its number.
  [[nodiscard]] Result<std::vector<HostEnd>> host_ends();

  // The number of the network namespace that a process is in. Absent: it is ours, or has no link to ours. ESRCH: there
  // is no such process. It needs no capability, and no namespace is entered.
  [[nodiscard]] Result<std::optional<NamespaceId>> network_of(Pid pid);

 private:
  struct Close {
    void operator()(mnl_socket* socket) const;
  };
  explicit RouteSocket(mnl_socket* socket) : socket_(socket) {}

  std::unique_ptr<mnl_socket, Close> socket_;
  std::uint32_t sequence_ = 0;
};

// Tells that an interface has come, gone or changed.
class LinkEvents {
 public:
  [[nodiscard]] static Result<LinkEvents> open();
  [[nodiscard]] int descriptor() const;
  // Reads all that is there. True: there was something, or something was lost.
  [[nodiscard]] bool drain();

 private:
  struct Close {
    void operator()(mnl_socket* socket) const;
  };
  explicit LinkEvents(mnl_socket* socket) : socket_(socket) {}
  std::unique_ptr<mnl_socket, Close> socket_;
};

}  // namespace netclsd::carry
