// The agent's HTTP server: the API and the probes on a Unix socket, the probes alone on a TCP address.
//
// listen(), serve() and stop() belong to one thread; between the first two, privileges are dropped. Requests run on
// worker threads of the server, which call the AgentService and read counters and readiness; all three outlive it.
// stop() waits for requests being served, which wait for the loop: close the mailbox first.
//
// The Unix socket has mode 0600 from its first moment, 0660 with a group; who may ask what is agent/server/peer.h. A
// connection carries one request, which must be there within `request_timeout`; the answer must be taken within the
// same time. Each listener has a thread for its connections and workers of its own, so nothing that comes over TCP can
// delay the hook.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "agent/config/listen_address.h"
#include "agent/engine/counters.h"
#include "agent/server/login.h"
#include "agent/server/peer.h"
#include "agent/server/readiness.h"
#include "agent/server/service.h"
#include "agent/server/transport.h"
#include "common/base/error.h"
#include "common/base/unique_fd.h"

namespace netclsd {

struct ApiServerOptions {
  std::string socket_path = kDefaultSocket;
  std::string state_dir;                // if the socket is in it, its mode is corrected
  std::optional<ListenAddress> listen;  // std::nullopt: no TCP listener
  std::size_t workers = 8;              // of the Unix socket
  std::size_t probe_workers = 2;        // of the TCP listener
  std::size_t connections_max = 64;     // of each
  std::chrono::milliseconds request_timeout = std::chrono::seconds{2};
  // A group's name or number, whose members may read (GET, HEAD) over the Unix socket. std::nullopt: only root may.
  std::optional<std::string> socket_group;
  TransportFactory make_transport;       // of the TCP listener; empty: plain
  LoginCheck check_login;                // of the TCP listener; empty: everybody is accepted
  std::function<void()> confine_thread;  // called first in every thread of the server; may be empty
};

class HttpServer;
struct HttpServerOptions;

class ApiServer {
 public:
  ApiServer(ApiServerOptions options, AgentService& service, const Counters& counters, const Readiness& readiness);
  ~ApiServer();
  ApiServer(const ApiServer&) = delete;
  ApiServer& operator=(const ApiServer&) = delete;

  // Opens the listening sockets, which takes the privileges of root; clients wait from now on. Makes the Unix socket's
  // directory, and replaces a stale socket. After an error nothing is open.
  [[nodiscard]] Result<void> listen();
  // Starts all the server's threads: none is made later. After listen().
  [[nodiscard]] Result<void> serve();
  // Removes the socket, unless it is another agent's by now.
  void stop();

  // The TCP listener's, after listen(); 0 without one.
  [[nodiscard]] std::uint16_t tcp_port() const { return tcp_port_; }

 private:
  struct FileIdentity {
    dev_t device;
    ino_t inode;
    friend bool operator==(const FileIdentity&, const FileIdentity&) = default;
  };
  static std::optional<FileIdentity> identity_of(const std::string& path);

  [[nodiscard]] Result<void> listen_tcp();
  [[nodiscard]] Result<void> listen_unix();
  [[nodiscard]] Result<void> prepare_directory(std::optional<gid_t> readers) const;
  [[nodiscard]] HttpServerOptions http_options() const;
  [[nodiscard]] Result<void> serve_tcp();
  [[nodiscard]] Result<void> serve_unix();

  const ApiServerOptions options_;
  AgentService& service_;
  const Counters& counters_;
  const Readiness& readiness_;
  std::uint16_t tcp_port_ = 0;
  UniqueFd tcp_listener_;
  UniqueFd unix_listener_;
  std::optional<PeerGate> gate_;
  std::optional<FileIdentity> socket_file_;
  std::unique_ptr<HttpServer> tcp_;
  std::unique_ptr<HttpServer> unix_;
};

}  // namespace netclsd
