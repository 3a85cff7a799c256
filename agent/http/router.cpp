#include "agent/http/router.h"

#include <chrono>
#include <exception>
#include <utility>

#include "agent/http/http_message.h"

namespace netclsd {
namespace {

using HandlerResponse = httplib::Server::HandlerResponse;

constexpr std::size_t kPathMax = 512;  // the longest of ours is an id of 200 characters

// What the library wants to know of a connection's state. None of it is marked `override`, because no version has it
// all: is_writable() is that of 0.11 (Debian 12) and 0.18 (Debian 13), the others are those of 0.41.
class StreamThatNeverWaits : public httplib::Stream {
 public:
  // NOLINTBEGIN(modernize-use-override)
  [[nodiscard]] bool is_writable() const { return true; }
  [[nodiscard]] bool wait_readable() const { return is_readable(); }
  [[nodiscard]] bool wait_writable() const { return true; }
  [[nodiscard]] time_t duration() const { return 0; }
  // NOLINTEND(modernize-use-override)
};

// What the library takes for a connection: a whole request, and room for its answer.
class MemoryStream : public StreamThatNeverWaits {
 public:
  explicit MemoryStream(std::string_view request) : unread_(request) {}

  [[nodiscard]] std::size_t unread_bytes() const { return unread_.size(); }
  [[nodiscard]] std::string take_answer() { return std::move(answer_); }

  [[nodiscard]] bool is_readable() const override { return !unread_.empty(); }
  ssize_t read(char* out, std::size_t size) override {
    const std::size_t count = unread_.copy(out, size);
    unread_.remove_prefix(count);
    return static_cast<ssize_t>(count);  // 0 at the end
  }
  ssize_t write(const char* data, std::size_t size) override {
    answer_.append(data, size);
    return static_cast<ssize_t>(size);
  }
  // No route asks for addresses: who may connect was decided before.
  void get_remote_ip_and_port(std::string& ip, int& port) const override {
    ip.clear();
    port = 0;
  }
  void get_local_ip_and_port(std::string& ip, int& port) const override { get_remote_ip_and_port(ip, port); }
  [[nodiscard]] socket_t socket() const override { return INVALID_SOCKET; }

 private:
  std::string_view unread_;
  std::string answer_;
};

// Server::process_request() is the library's only entrance that takes a stream instead of a socket. It is protected,
// and its parameters differ: the first form is that of 0.11, the second that of 0.18, to which later versions add at
// the end what nobody here wants (0.41: whether it has become a web socket).
using Setup = std::function<void(httplib::Request&)>;
using ProcessRequest = bool (httplib::Server::*)(httplib::Stream&, bool, bool&, const Setup&);
template <typename... Added>
using ProcessRequestOf018 = bool (httplib::Server::*)(httplib::Stream&, const std::string&, int, const std::string&,
                                                      int, bool, bool&, const Setup&, Added...);
constexpr bool kCloseConnection = true;

[[maybe_unused]] void run(httplib::Server& server, ProcessRequest process, MemoryStream& stream, const Setup& setup) {
  bool is_closed = false;
  (server.*process)(stream, kCloseConnection, is_closed, setup);
}

template <typename... Added>
[[maybe_unused]] void run(httplib::Server& server, ProcessRequestOf018<Added...> process, MemoryStream& stream,
                          const Setup& setup) {
  bool is_closed = false;
  (server.*process)(stream, "", 0, "", 0, kCloseConnection, is_closed, setup, Added{}...);
}

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

HandlerResponse refuse(httplib::Response& response, int status, const std::string& detail) {
  set_problem(response, status, detail);
  return HandlerResponse::Handled;
}

// Before any of a body is read: the library limits the size of a plain body only.
HandlerResponse check_request(const httplib::Request& request, httplib::Response& response, bool is_read_only) {
  const bool is_reading = request.method == "GET" || request.method == "HEAD";
  if (request.path.size() > kPathMax) return refuse(response, 414, detail_for(414));
  if (is_read_only && !is_reading) return refuse(response, 405, "only GET and HEAD are served here");
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

// `curl -X POST` sends no Content-Length, and the library would take that for a body up to the end of the connection.
// Ranges are ignored, which RFC 9110, 14.2, permits: the library repeats the body for each of them, so that 8 KiB of
// "bytes=0-,0-,…" ask for 50 MiB of metrics.
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

// The library would write "100 Continue" into the answer. curl sends its body after this refusal, too.
int refuse_to_continue(const httplib::Request&, httplib::Response& response) {
  // If this returned 417, the library would write a status line of it, carry the request out nevertheless, and write a
  // second answer.
  constexpr int kAnswerNow = 0;
  set_problem(response, 417, "send the body at once, without Expect");
  return kAnswerNow;
}

}  // namespace

void set_problem(httplib::Response& response, int status, const std::string& detail, const std::string& type) {
  response.status = status;
  response.set_content(problem_json(status, detail, type), kProblemContentType);
}

Router::Router(RouterOptions options) : options_(std::move(options)) {
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

std::string Router::answer_to(std::string_view request) {
  try {
    return process(request).answer;
  } catch (const std::exception& error) {  // not of a handler: those end in handle_exception()
    log_event(LogLevel::kError, "request_threw", {{"error", error.what()}});
    return problem_answer({500, "unexpected"});
  }
}

Router::Exchange Router::process(std::string_view request) {
  MemoryStream stream(request);
  run(*this, &Router::process_request, stream, complete);
  return {stream.take_answer(), stream.unread_bytes()};
}

void Router::log_answer(const httplib::Request& request, const httplib::Response& response) {
  log_event(LogLevel::kDebug, "request",
            {{"method", request.method}, {"path", request.path}, {"status", response.status}});
  if (response.status < 500 || response.get_header_value("Content-Type") != kProblemContentType) return;
  if (is_not_mounted_problem(response.body)) return;  // the client mounts it and asks again: no failure
  const auto repeated = repeats_.admit("request_failed", response.body, std::chrono::steady_clock::now());
  if (!repeated) return;
  log_event(LogLevel::kWarning, "request_failed",
            {{"method", request.method}, {"path", request.path}, {"answer", response.body}, {"repeated", *repeated}});
}

}  // namespace netclsd
