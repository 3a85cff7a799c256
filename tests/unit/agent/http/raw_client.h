// A client that sends what it is told, well-formed or not, and reads until the server closes.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "common/base/file.h"

namespace netclsd {

struct RawResponse {
  int status = 0;  // 0: the server closed without an answer
  std::string head;
  std::string body;
};

// Not open when nobody listens.
[[nodiscard]] UniqueFd connect_unix(const std::string& path);
[[nodiscard]] UniqueFd connect_tcp(std::uint16_t port);

void send_text(const UniqueFd& connection, std::string_view text);
[[nodiscard]] RawResponse receive(const UniqueFd& connection);
[[nodiscard]] RawResponse exchange(const UniqueFd& connection, std::string_view request);

// "PUT /x" with a body and its length.
[[nodiscard]] std::string request_text(const std::string& method_and_path, const std::string& body = {},
                                       const std::string& headers = {});

}  // namespace netclsd
