// cpp-httplib's routing, parsing and formatting behind a server of our own: it is given requests that are whole, and
// its answers are sent when clients take them (agent/server/connection_loop.h). Private to agent/server.
//
// Requests run on worker threads. Unknown paths, malformed requests and exceptions of libraries become
// application/problem+json; answers of 500 and above are logged, repeats counted.
#pragma once

#include <httplib.h>

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <thread>

#include "agent/logging/repeat_guard.h"
#include "agent/server/connection_loop.h"
#include "agent/server/login.h"
#include "agent/server/peer.h"
#include "agent/server/problem.h"
#include "agent/server/transport.h"
#include "agent/server/worker_pool.h"
#include "common/base/unique_fd.h"

namespace netclsd {

struct HttpServerOptions {
  std::size_t workers = 2;
  std::size_t connections_max = 64;
  std::chrono::milliseconds request_timeout = std::chrono::seconds{2};  // for the whole request
  std::chrono::milliseconds answer_timeout = std::chrono::seconds{2};   // for the whole answer
  bool is_read_only = true;                                             // only GET and HEAD, and no body
  const PeerGate* gate = nullptr;                                       // outlives the server; null: everybody may ask
  TransportFactory make_transport;                                      // empty: plain
  LoginCheck check_login;                                               // empty: everybody is accepted
  std::function<void()> confine_thread;  // called first in every thread of the server; may be empty
};

class HttpServer : public httplib::Server {
 public:
  explicit HttpServer(HttpServerOptions options);
  ~HttpServer() override;

  // Serves in threads of its own, which are all made here, until stop_serving(). Routes are added before, not after.
  [[nodiscard]] Result<void> serve(UniqueFd listener);
  // Waits for requests that are being served; may be called twice, and without serve().
  void stop_serving();

  // The whole answer to a whole request: what a worker does between reading and sending. Any thread.
  [[nodiscard]] std::string answer_to(std::string_view request);

 private:
  void serve_connection(std::unique_ptr<Connection> connection);
  void log_answer(const httplib::Request& request, const httplib::Response& response);

  const HttpServerOptions options_;
  RepeatGuard repeats_;
  std::unique_ptr<ConnectionLoop> loop_;
  std::unique_ptr<WorkerPool> workers_;
  std::thread waiting_thread_;
};

// Fills in an answer that says what is wrong.
void set_problem(httplib::Response& response, int status, const std::string& detail);

}  // namespace netclsd
