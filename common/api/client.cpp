#include "common/api/client.h"

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>
#include <cerrno>
#include <exception>
#include <system_error>
#include <utility>

#include "common/api/messages.h"
#include "common/base/fault_point.h"
#include "common/base/file.h"
#include "common/base/unix_socket.h"
#include "common/json/fields.h"

namespace netclsd {
namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using std::chrono::milliseconds;
using std::chrono::steady_clock;
using StreamSocket = asio::local::stream_protocol::socket;
using ErrorCodeOfBoost = boost::system::error_code;

constexpr std::size_t kAnswerMax_bytes = 16U << 20;

Failure unavailable(const std::string& socket_path, const std::string& what) {
  return failure(ErrorCode::kUnavailable, "agent at " + socket_path + " " + what);
}

Failure too_late(const std::string& socket_path, milliseconds timeout) {
  return unavailable(socket_path, "did not answer within " + std::to_string(timeout.count()) + "ms");
}

http::verb verb_of(HttpMethod method) {
  switch (method) {
    case HttpMethod::kGet:
      return http::verb::get;
    case HttpMethod::kPut:
      return http::verb::put;
    case HttpMethod::kPost:
      return http::verb::post;
    case HttpMethod::kDelete:
      return http::verb::delete_;
  }
  return http::verb::get;
}

http::request<http::string_body> to_http(const ApiRequest& request) {
  http::request<http::string_body> message(verb_of(request.method), request.target, 11, request.body);
  message.set(http::field::host, "localhost");
  message.set(http::field::connection, "close");
  if (!request.body.empty()) message.set(http::field::content_type, "application/json");
  message.prepare_payload();
  return message;
}

// One exchange on a connected socket. The object lives longer than the run of the io_context, so handlers may use it.
class Exchange {
 public:
  Exchange(asio::io_context& context, UniqueFd connection, const ApiRequest& request)
      : socket_(context, asio::local::stream_protocol(), connection.release()), request_(to_http(request)) {
    parser_.body_limit(kAnswerMax_bytes);
  }

  void start() {
    // A failed write does not end the exchange: an agent that answers 413 early closes its reading side.
    http::async_write(socket_, request_, [this](ErrorCodeOfBoost error, std::size_t) {
      write_error_ = error;
      http::async_read(socket_, buffer_, parser_, [this](ErrorCodeOfBoost read_error, std::size_t) {
        read_error_ = read_error;
        is_finished_ = true;
      });
    });
  }

  [[nodiscard]] bool is_finished() const { return is_finished_; }
  [[nodiscard]] ErrorCodeOfBoost error() const { return read_error_ && write_error_ ? write_error_ : read_error_; }
  [[nodiscard]] ApiResponse take_response() {
    return {.status = static_cast<int>(parser_.get().result_int()), .body = std::move(parser_.get().body())};
  }

 private:
  StreamSocket socket_;
  http::request<http::string_body> request_;
  boost::beast::flat_buffer buffer_;
  http::response_parser<http::string_body> parser_;
  ErrorCodeOfBoost write_error_;
  ErrorCodeOfBoost read_error_;
  bool is_finished_ = false;
};

Failure explain(const std::string& socket_path, const ErrorCodeOfBoost& error) {
  if (error == http::error::body_limit) {
    return failure(ErrorCode::kTooLarge, "agent at " + socket_path + " answered with more than 16 MiB");
  }
  if (error == http::error::end_of_stream) return unavailable(socket_path, "closed the connection without an answer");
  if (error == http::error::partial_message) return unavailable(socket_path, "closed the connection within its answer");
  return unavailable(socket_path, "broke the connection: " + error.message());
}

Failure broken(const std::string& socket_path, int error) {
  return explain(socket_path, ErrorCodeOfBoost(error, boost::system::system_category()));
}

Result<UniqueFd> connect_to_agent(const std::string& path, milliseconds timeout) {
  if (const auto fault = fault_at(FaultPoint::kAgentConnect)) return system_failure(*fault, "connect to", path);
  return connect_unix(path, timeout);
}

Result<ApiResponse> exchange(const std::string& socket_path, const ApiRequest& request, milliseconds timeout) {
  const auto deadline = steady_clock::now() + timeout;
  auto connection = connect_to_agent(socket_path, timeout);
  if (!connection && connection.error().sys_errno() == EAGAIN) return too_late(socket_path, timeout);
  if (!connection) {
    const std::string reason = std::generic_category().message(connection.error().sys_errno());
    return unavailable(socket_path, "is not reachable: " + reason);
  }
  if (const auto fault = fault_at(FaultPoint::kAgentWrite)) return broken(socket_path, *fault);
  asio::io_context context(1);
  Exchange exchange(context, *std::move(connection), request);
  exchange.start();
  context.run_until(deadline);
  if (!exchange.is_finished()) return too_late(socket_path, timeout);
  // Only here, after the exchange: the agent has done its work, and only the answer is lost.
  if (const auto fault = fault_at(FaultPoint::kAgentRead)) return broken(socket_path, *fault);
  if (exchange.error()) return explain(socket_path, exchange.error());
  return exchange.take_response();
}

}  // namespace

// Asio and Beast throw where they have no error code to return (no descriptor left for epoll, no memory).
Result<ApiResponse> call_agent(const std::string& socket_path, const ApiRequest& request, milliseconds timeout) {
  try {
    return exchange(socket_path, request, timeout);
  } catch (const std::exception& thrown) {
    return unavailable(socket_path, std::string("could not be asked: ") + thrown.what());
  }
}

std::string problem_detail(const ApiResponse& response) {
  const auto problem = parse_json_object(response.body, "problem");
  if (!problem) return response.body;
  std::string detail = FieldReader(*problem).text("detail");
  return detail.empty() ? response.body : detail;
}

bool wants_net_cls_mounted(const ApiResponse& response) {
  return response.status == 503 && is_not_mounted_problem(response.body);
}

}  // namespace netclsd
