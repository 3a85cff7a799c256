// cpp-httplib's server with what a privileged daemon needs on top: our own listening socket, limits on everything, an
// accept loop that survives, one request a connection. Private to agent/server.
//
// Requests run on worker threads. Unknown paths, malformed requests and exceptions of libraries become
// application/problem+json; answers of 500 and above are logged, repeats counted.
#pragma once

#include <httplib.h>

#include <atomic>
#include <chrono>
#include <functional>
#include <string>
#include <thread>

#include "agent/logging/repeat_guard.h"
#include "agent/server/deadline_stream.h"
#include "agent/server/transport.h"
#include "common/base/unique_fd.h"

namespace netclsd {

inline constexpr const char* kProblemContentType = "application/problem+json";

struct HttpServerOptions {
  std::size_t workers = 2;
  std::size_t queue_max = 32;  // connections that wait for a worker; more are answered 503
  std::chrono::milliseconds request_timeout = std::chrono::seconds{2};  // for the whole request
  std::chrono::milliseconds answer_timeout = std::chrono::seconds{2};   // for the whole answer
  bool is_read_only = true;                                             // only GET and HEAD, and no body is ever read
  TransportFactory make_transport;                                      // empty: plain
  // On a worker's thread; false is answered 401. Empty: everybody is admitted.
  std::function<bool(const httplib::Request&)> is_admitted;
  std::function<void()> confine_thread;  // called first in every thread of the server; may be empty
};

class HttpServer : public httplib::Server {
 public:
  explicit HttpServer(HttpServerOptions options);
  ~HttpServer() override;

  // Serves in threads of its own until stop(). Routes are added before, and not after.
  void serve(UniqueFd listener);
  // Waits for requests that are being served; may be called twice, and without serve().
  void stop_serving();

 private:
  void run();
  bool process_and_close_socket(socket_t socket) override;
  void process(DeadlineStream& stream);
  void log_answer(const httplib::Request& request, const httplib::Response& response);

  const HttpServerOptions options_;
  RepeatGuard repeats_;
  UniqueFd listener_;
  std::atomic<bool> is_stopping_ = false;
  std::thread acceptor_;
};

// Fills in an answer that says what is wrong.
void set_problem(httplib::Response& response, int status, const std::string& detail);

}  // namespace netclsd
