#include "raw_client.h"

#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <cstdlib>
#include <cstring>

namespace netclsd {

UniqueFd connect_unix(const std::string& path) {
  UniqueFd connection(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, path.c_str(), path.size());
  if (::connect(connection.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) return UniqueFd();
  return connection;
}

UniqueFd connect_tcp(std::uint16_t port) {
  UniqueFd connection(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(connection.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) return UniqueFd();
  return connection;
}

void send_text(const UniqueFd& connection, std::string_view text) {
  while (!text.empty()) {
    const ssize_t sent = ::send(connection.get(), text.data(), text.size(), MSG_NOSIGNAL);
    if (sent <= 0) return;
    text.remove_prefix(static_cast<std::size_t>(sent));
  }
}

RawResponse receive(const UniqueFd& connection) {
  std::string all;
  char buffer[4096];
  for (ssize_t got = 0; (got = ::recv(connection.get(), buffer, sizeof buffer, 0)) > 0;) {
    all.append(buffer, static_cast<std::size_t>(got));
  }
  const std::size_t head_end = all.find("\r\n\r\n");
  if (head_end == std::string::npos) return {};
  return {std::atoi(all.c_str() + std::strlen("HTTP/1.1 ")), all.substr(0, head_end), all.substr(head_end + 4)};
}

RawResponse exchange(const UniqueFd& connection, std::string_view request) {
  send_text(connection, request);
  return receive(connection);
}

std::string request_text(const std::string& method_and_path, const std::string& body, const std::string& headers) {
  return method_and_path + " HTTP/1.1\r\nHost: x\r\nContent-Length: " + std::to_string(body.size()) + "\r\n" + headers +
         "\r\n" + body;
}

}  // namespace netclsd
