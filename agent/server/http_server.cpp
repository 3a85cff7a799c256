#include "agent/server/http_server.h"

#include <chrono>
#include <csignal>

#include "agent/logging/log.h"
#include "agent/server/memory_stream.h"
#include "agent/server/plain_transport.h"
#include "common/api/messages.h"

namespace netclsd {
namespace {

using HandlerResponse = httplib::Server::HandlerResponse;

constexpr std::size_t kPathMax = 512;  // the longest of ours is an id of 200 characters

const char* detail_for(int status) {
  switch (status) {
    case 400:
      return "the request is malformed";
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

HandlerResponse refuse_login(httplib::Response& response, Login login) {
  if (login == Login::kBusy) {
    response.set_header("Retry-After", "1");
    return refuse(response, 503, "another password is being checked; come again");
  }
  response.set_header("WWW-Authenticate", "Basic realm=\"netclsd\"");
  return refuse(response, 401, "say who you are: a user of the web configuration, with the password");
}

// A body without a length would be read until the client closes or its time is over: `curl -X POST` sends none. And
// nobody gets ranges, as anybody may be refused them (RFC 9110, 14.2): the library repeats the body for each, so that
// 8 KiB of "bytes=0-,0-,…" ask for 50 MiB of metrics.
void complete(httplib::Request& request) {
  if (!request.has_header("Content-Length")) request.set_header("Content-Length", "0");
  request.ranges.clear();
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

// The library would say "100 Continue" into the answer. curl sends its body when it is told this, too.
int refuse_to_continue(const httplib::Request&, httplib::Response& response) {
  // Told 417, the library would write a line of that, carry the request out nevertheless, and write a second answer.
  constexpr int kAnswerNow = 0;
  set_problem(response, 417, "send the body at once, without Expect");
  return kAnswerNow;
}

ConnectionLoopOptions loop_options_of(const HttpServerOptions& options) {
  constexpr std::size_t kNoBody = 0;
  ConnectionLoopOptions loop{
      .connections_max = options.connections_max,
      .limits = {.framing = {}, .request_timeout = options.request_timeout, .answer_timeout = options.answer_timeout},
      .make_transport = options.make_transport,
      .gate = options.gate};
  loop.limits.framing.body_max_bytes = options.is_read_only ? kNoBody : kBodyMax_bytes;
  if (!loop.make_transport) loop.make_transport = [] { return std::make_unique<PlainTransport>(); };
  return loop;
}

// Signals are for the agent's loop, which reads them from its signalfd.
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
  set_payload_max_length(kBodyMax_bytes);
  set_expect_100_continue_handler(refuse_to_continue);
  set_pre_routing_handler([this](const httplib::Request& request, httplib::Response& response) {
    if (options_.check_login) {
      const Login login = options_.check_login(request.get_header_value("Authorization"));
      if (login != Login::kAccepted) return refuse_login(response, login);
    }
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

Result<void> HttpServer::serve(UniqueFd listener) {
  auto loop = ConnectionLoop::make(loop_options_of(options_), [this](std::unique_ptr<Connection> connection) {
    workers_->enqueue(std::move(connection));
  });
  if (!loop) return pass_on(loop.error());
  loop_ = std::move(*loop);
  const SignalsBlocked for_the_new_threads;
  workers_ = std::make_unique<WorkerPool>(WorkerPoolOptions{
      .workers = options_.workers,
      .at_start = options_.confine_thread,
      .serve = [this](std::unique_ptr<Connection> connection) { serve_connection(std::move(connection)); }});
  waiting_thread_ = std::thread([this, taken = std::move(listener)]() mutable {
    if (options_.confine_thread) options_.confine_thread();
    loop_->run(std::move(taken));
  });
  return {};
}

void HttpServer::stop_serving() {
  if (!waiting_thread_.joinable()) return;
  loop_->stop();
  waiting_thread_.join();
  workers_->shutdown();
}

void HttpServer::serve_connection(std::unique_ptr<Connection> connection) {
  const bool is_guest = connection->is_guest();
  // Most answers fit into the socket's buffer: then nobody need wait for anything.
  if (connection->answer(answer_to(connection->request())) == Connection::Next::kClose) connection.reset();
  loop_->give_back(std::move(connection), is_guest);
}

std::string HttpServer::answer_to(std::string_view request) {
  MemoryStream stream(request);
  try {
    constexpr bool kCloseConnection = true;
    bool is_closed = false;
    process_request(stream, kCloseConnection, is_closed, complete);
  } catch (const std::exception& error) {  // from outside of our handlers
    log_event(LogLevel::kError, "request_threw", {{"error", error.what()}});
    return problem_answer({500, "unexpected"});
  }
  return stream.take_answer();
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
