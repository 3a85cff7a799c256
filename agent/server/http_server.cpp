#include "agent/server/http_server.h"

#include <fcntl.h>
#include <sys/socket.h>

#include <chrono>
#include <csignal>

#include "agent/logging/log.h"
#include "agent/server/worker_pool.h"
#include "common/api/messages.h"

namespace netclsd {
namespace {

using HandlerResponse = httplib::Server::HandlerResponse;

constexpr std::size_t kPathMax = 512;  // the longest of ours is an id of 200 characters
constexpr auto kAcceptRetryPause = std::chrono::milliseconds{100};

const char* detail_for(int status) {
  switch (status) {
    case 400:
      return "the request is malformed, or did not come in time";
    case 404:
      return "there is nothing at this path for this method; GET / lists what there is";
    case 413:
      return "the body is larger than 1 MiB";
    case 414:
      return "the address is too long";
    default:
      return "the request failed";
  }
}

bool is_read_method(const httplib::Request& request) { return request.method == "GET" || request.method == "HEAD"; }

HandlerResponse refuse(httplib::Response& response, int status, const std::string& detail) {
  set_problem(response, status, detail);
  return HandlerResponse::Handled;
}

// Before anything of a body is read: the library limits the size of a plain body only.
HandlerResponse check_request(const httplib::Request& request, httplib::Response& response, bool is_read_only) {
  if (request.path.size() > kPathMax) return refuse(response, 414, detail_for(414));
  if (is_read_only && !is_read_method(request)) return refuse(response, 405, "only GET and HEAD are served here");
  if (request.has_header("Transfer-Encoding")) return refuse(response, 411, "send the body with a Content-Length");
  if (request.has_header("Content-Encoding")) return refuse(response, 415, "send the body without a Content-Encoding");
  if (request.is_multipart_form_data()) return refuse(response, 415, "send the body as application/json");
  return HandlerResponse::Unhandled;
}

HandlerResponse ask_who(httplib::Response& response) {
  response.set_header("WWW-Authenticate", "Basic realm=\"netclsd\"");
  return refuse(response, 401, "say who you are: a user of the web configuration, with the password");
}

// A body without a length would be read until the client closes or its time is over: `curl -X POST` sends none.
void complete(httplib::Request& request) {
  if (!request.has_header("Content-Length")) request.set_header("Content-Length", "0");
}

void handle_exception(const httplib::Request&, httplib::Response& response, const std::exception_ptr& thrown) {
  try {
    std::rethrow_exception(thrown);
  } catch (const std::exception& error) {
    set_problem(response, 500, std::string("unexpected: ") + error.what());
  } catch (...) {
    set_problem(response, 500, "unexpected");
  }
}

void answer_busy(DeadlineStream& stream) {
  const std::string body = problem_json(503, "the agent is busy: too many connections");
  stream.httplib::Stream::write(
      "HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\nRetry-After: 1\r\nContent-Type: " +
      std::string(kProblemContentType) + "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body);
}

// Signals are for the loop's signalfd: in one of our threads they would only interrupt accept(), which the library
// takes for the end.
class SignalsBlocked {
 public:
  SignalsBlocked() {
    sigset_t all;
    ::sigfillset(&all);
    ::pthread_sigmask(SIG_SETMASK, &all, &before_);
  }
  ~SignalsBlocked() { ::pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  SignalsBlocked(const SignalsBlocked&) = delete;
  SignalsBlocked& operator=(const SignalsBlocked&) = delete;

 private:
  sigset_t before_;
};

}  // namespace

void set_problem(httplib::Response& response, int status, const std::string& detail) {
  response.status = status;
  response.set_content(problem_json(status, detail), kProblemContentType);
}

HttpServer::HttpServer(HttpServerOptions options) : options_(std::move(options)) {
  new_task_queue = [this] {
    return new WorkerPool(options_.workers, options_.queue_max, options_.confine_thread);
  };  // the library deletes it
  set_payload_max_length(kBodyMax_bytes);
  set_pre_routing_handler([this](const httplib::Request& request, httplib::Response& response) {
    if (options_.is_admitted && !options_.is_admitted(request)) return ask_who(response);
    return check_request(request, response, options_.is_read_only);
  });
  set_error_handler([](const httplib::Request&, httplib::Response& response) {
    if (response.body.empty()) set_problem(response, response.status, detail_for(response.status));
  });
  set_exception_handler(handle_exception);
  set_logger(
      [this](const httplib::Request& request, const httplib::Response& response) { log_answer(request, response); });
}

HttpServer::~HttpServer() { stop_serving(); }

void HttpServer::serve(UniqueFd listener) {
  listener_ = std::move(listener);
  const SignalsBlocked for_the_new_threads;
  acceptor_ = std::thread([this] {
    if (options_.confine_thread) options_.confine_thread();
    run();
  });
}

void HttpServer::stop_serving() {
  if (!acceptor_.joinable()) return;
  is_stopping_ = true;
  // Wakes accept() and makes every later one fail, so there is no moment at which stopping could be missed.
  ::shutdown(listener_.get(), SHUT_RDWR);
  acceptor_.join();
  listener_.reset();
}

// The library closes its socket and returns when accept() fails, be it for want of memory: it gets a copy each time.
void HttpServer::run() {
  while (!is_stopping_) {
    svr_sock_ = ::fcntl(listener_.get(), F_DUPFD_CLOEXEC, 0);
    if (svr_sock_ != INVALID_SOCKET) listen_after_bind();
    if (is_stopping_) return;
    log_event(LogLevel::kWarning, "accept_failed", {{"retry_ms", kAcceptRetryPause.count()}});
    std::this_thread::sleep_for(kAcceptRetryPause);
  }
}

bool HttpServer::process_and_close_socket(socket_t socket) {
  const UniqueFd connection(socket);
  DeadlineStream stream(socket, {.read_timeout = options_.request_timeout, .write_timeout = options_.answer_timeout});
  try {
    process(stream);
  } catch (const std::exception& error) {  // from outside of our handlers: nothing was answered
    log_event(LogLevel::kError, "connection_failed", {{"error", error.what()}});
  }
  ::shutdown(socket, SHUT_RDWR);
  return true;
}

void HttpServer::process(DeadlineStream& stream) {
  if (WorkerPool::is_refusing()) return answer_busy(stream);
  constexpr bool kCloseConnection = true;
  bool is_closed = false;
  process_request(stream, kCloseConnection, is_closed, complete);
}

void HttpServer::log_answer(const httplib::Request& request, const httplib::Response& response) {
  log_event(LogLevel::kDebug, "request",
            {{"method", request.method}, {"path", request.path}, {"status", response.status}});
  if (response.status < 500 || response.get_header_value("Content-Type") != kProblemContentType) return;
  const auto repeated = repeats_.admit("request_failed", response.body, std::chrono::steady_clock::now());
  if (!repeated) return;
  log_event(LogLevel::kWarning, "request_failed",
            {{"method", request.method}, {"path", request.path}, {"answer", response.body}, {"repeated", *repeated}});
}

}  // namespace netclsd
