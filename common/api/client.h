// The client of the agent's API: one request over one connection to a Unix socket, with one deadline for everything.
// Statically linkable (Boost.Beast). One thread, no state between calls.
#pragma once

#include <chrono>
#include <string>

#include "common/base/error.h"

namespace netclsd {

enum class HttpMethod { kGet, kPut, kPost, kDelete };

struct ApiRequest {
  HttpMethod method = HttpMethod::kGet;
  std::string target;  // "/v1/containers/ab12"
  std::string body;    // JSON, or empty
};

struct ApiResponse {
  int status = 0;
  std::string body;
};

// kUnavailable: nobody listens, the connection broke, or the deadline passed; the message says which and names the
// socket. Any HTTP status is a success here. Answers above 16 MiB are kTooLarge.
[[nodiscard]] Result<ApiResponse> call_agent(const std::string& socket_path, const ApiRequest& request,
                                             std::chrono::milliseconds timeout);

// The "detail" of a problem answer, or its whole body if it is none.
[[nodiscard]] std::string problem_detail(const ApiResponse& response);

}  // namespace netclsd
