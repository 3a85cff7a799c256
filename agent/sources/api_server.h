// The agent's HTTP server: the API and the probes on a Unix socket, the probes alone on a TCP address.
//
// listen(), serve() and stop() are for one thread; between listen() and serve(), privileges are dropped. Requests run
// on worker threads of the server. They call the AgentService and read counters and readiness; all three outlive the
// server. stop() waits for the requests that are being served, and these wait for the loop: close the mailbox first.
//
// The Unix socket has mode 0600 from its first moment, or 0660 with a group; agent/http/peer.h decides who may ask
// what. A connection carries one request, which must come within `request_timeout`; the client must take the answer
// within the same time. Each listener has a thread for its connections and workers of its own, so nothing that comes
// over TCP can delay the hook.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "agent/config/config.h"
#include "agent/http/basic_auth.h"
#include "agent/http/connection.h"
#include "agent/http/peer.h"
#include "agent/metrics/counters.h"
#include "agent/sources/api_routes.h"
#include "agent/sources/boards.h"
#include "common/base/error.h"
#include "common/base/file.h"

namespace netclsd {

struct ApiServerOptions {
  std::string socket_path = kDefaultSocket;
  std::string state_dir;                // if the socket is in it, its mode is corrected
  std::optional<ListenAddress> listen;  // std::nullopt: no TCP listener
  std::size_t workers = 8;              // of the Unix socket
  std::size_t workers_for_writers = 2;  // of them: so readers never keep a hook from being served
  std::size_t probe_workers = 2;        // of the TCP listener
  std::size_t connections_max = 64;     // of each
  std::chrono::milliseconds request_timeout = std::chrono::seconds{2};
  // A group's name or number, whose members may read (GET, HEAD) over the Unix socket. std::nullopt: only root may.
  std::optional<std::string> socket_group;
  TransportFactory make_transport;               // of the TCP listener; empty: plain
  LoginCheck check_login;                        // of the TCP listener; empty: everybody is accepted
  std::function<Result<void>()> confine_thread;  // called first in every thread of the server; may be empty
};

class HttpServer;
struct HttpServerOptions;

class ApiServer {
 public:
  ApiServer(ApiServerOptions options, AgentService& service, const Counters& counters, const Readiness& readiness);
  ~ApiServer();
  ApiServer(const ApiServer&) = delete;
  ApiServer& operator=(const ApiServer&) = delete;

  // Opens the listening sockets, which needs the privileges of root; clients can connect from now on and wait. Makes
  // the Unix socket's directory, and replaces a stale socket. After an error nothing is open.
  [[nodiscard]] Result<void> listen();
  // Starts all threads of the server; none is made later. After listen().
  [[nodiscard]] Result<void> serve();
  // Removes the socket, unless another agent has replaced it.
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
