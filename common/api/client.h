// The client of the agent's API: one request on one connection to a Unix socket, with one deadline for everything. Can
// be linked statically (Boost.Beast). No state between calls.
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

// kUnavailable: nobody listens, the connection broke, or the deadline passed. The message says which, and names the
// socket. Every HTTP status is a success here. An answer above 16 MiB is kTooLarge.
[[nodiscard]] Result<ApiResponse> call_agent(const std::string& socket_path, const ApiRequest& request,
                                             std::chrono::milliseconds timeout);

// The "detail" of a problem answer, or the whole body of any other answer.
[[nodiscard]] std::string problem_detail(const ApiResponse& response);

// Whether the agent refused only because net_cls is not mounted (kNotMountedProblem).
[[nodiscard]] bool wants_net_cls_mounted(const ApiResponse& response);

}  // namespace netclsd
