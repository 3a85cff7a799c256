#include "agent/http/listen_socket.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

#include "common/base/file.h"

namespace netclsd {
namespace {

constexpr int kBacklog = 128;
constexpr mode_t kSocketMode = 0600;
constexpr mode_t kSocketModeForGroup = 0660;
constexpr mode_t kParentMode = 0755;
constexpr mode_t kForRootAlone = 0700;
constexpr mode_t kForReadersToo = 0710;  // the group passes through, but cannot list it
constexpr mode_t kModeBits = 07777;

Result<struct stat> status_of(const UniqueFd& directory, const std::string& path) {
  struct stat found {};
  if (::fstat(directory.get(), &found) != 0) return system_failure(errno, "look at", path);
  return found;
}

std::string octal(mode_t mode) {
  char text[8];
  std::snprintf(text, sizeof text, "%04o", static_cast<unsigned>(mode & kModeBits));
  return text;
}

Result<void> expect_safe(const struct stat& found, const SocketDirectoryOptions& options) {
  const std::string name = "the socket's directory " + options.path;
  if (found.st_uid != 0) {
    return failure(ErrorCode::kForbidden, name + " belongs to user " + std::to_string(found.st_uid) + ", not to root");
  }
  if (options.is_ours || (found.st_mode & (S_IWGRP | S_IWOTH)) == 0) return {};
  return failure(ErrorCode::kForbidden,
                 name + " has mode " + octal(found.st_mode) + ": others than root may put files there");
}

Result<void> correct_mode(const UniqueFd& directory, const struct stat& found, const SocketDirectoryOptions& options) {
  const mode_t mode = options.readers ? kForReadersToo : kForRootAlone;
  if (options.readers && found.st_gid != *options.readers &&
      ::fchown(directory.get(), static_cast<uid_t>(-1), *options.readers) != 0) {
    return system_failure(errno, "give directory " + options.path + " to group", std::to_string(*options.readers));
  }
  if ((found.st_mode & kModeBits) == mode || ::fchmod(directory.get(), mode) == 0) return {};
  return system_failure(errno, "set the mode of directory", options.path);
}

// True: it was not there.
Result<bool> make_directory(const std::string& path) {
  const std::string parent = path.substr(0, path.rfind('/'));
  if (!parent.empty()) {
    if (auto made = make_directories(parent, kParentMode); !made) return pass_on(made.error());
  }
  if (::mkdir(path.c_str(), kForRootAlone) == 0) return true;
  if (errno == EEXIST) return false;
  return system_failure(errno, "make directory", path);
}

Result<UniqueFd> stream_socket(int family) {
  UniqueFd socket(::socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!socket.is_open()) return system_failure(errno, "make a socket");
  return socket;
}

// Every kind of socket address begins with its family and is passed by this type.
template <typename Address>
Result<void> bind_and_listen(const UniqueFd& socket, const Address& address, const std::string& name) {
  if (::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    return system_failure(errno, "bind", name);
  }
  if (::listen(socket.get(), kBacklog) != 0) return system_failure(errno, "listen on", name);
  return {};
}

Result<void> expect_nothing_but_a_socket(const std::string& path) {
  struct stat found {};
  if (::lstat(path.c_str(), &found) != 0) return {};
  if (S_ISSOCK(found.st_mode)) return {};
  return failure(ErrorCode::kConflict, path + " is there and is no socket");
}

Result<sockaddr_un> unix_address(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) return invalid("socket path " + path + " is too long");
  std::memcpy(address.sun_path, path.c_str(), path.size());
  return address;
}

// The group first, so that there is no moment at which root's own group may connect.
Result<void> open_to_group(const std::string& path, gid_t readers) {
  if (::lchown(path.c_str(), static_cast<uid_t>(-1), readers) != 0) {
    return system_failure(errno, "give " + path + " to group", std::to_string(readers));
  }
  if (::chmod(path.c_str(), kSocketModeForGroup) != 0) return system_failure(errno, "set the mode of", path);
  return {};
}

Result<void> bind_tcp(const UniqueFd& socket, const ListenAddress& address, const std::string& name) {
  sockaddr_in v4{};
  v4.sin_family = AF_INET;
  v4.sin_port = ::htons(address.port);
  if (::inet_pton(AF_INET, address.host.c_str(), &v4.sin_addr) == 1) return bind_and_listen(socket, v4, name);
  sockaddr_in6 v6{};
  v6.sin6_family = AF_INET6;
  v6.sin6_port = ::htons(address.port);
  if (::inet_pton(AF_INET6, address.host.c_str(), &v6.sin6_addr) == 1) return bind_and_listen(socket, v6, name);
  return invalid("listen address " + address.host + " is not an IP address");
}

}  // namespace

Result<void> prepare_socket_directory(const SocketDirectoryOptions& options) {
  const auto made = make_directory(options.path);
  if (!made) return pass_on(made.error());
  const auto directory = open_directory(options.path);
  if (!directory) return pass_on(directory.error());
  const auto found = status_of(*directory, options.path);
  if (!found) return pass_on(found.error());
  if (auto safe = expect_safe(*found, options); !safe) return safe;
  return *made || options.is_ours ? correct_mode(*directory, *found, options) : Result<void>{};
}

Result<UniqueFd> listen_on_unix(const std::string& path, std::optional<gid_t> readers) {
  const std::string temporary = path + ".new";
  if (auto replaceable = expect_nothing_but_a_socket(path); !replaceable) return pass_on(replaceable.error());
  const auto address = unix_address(temporary);
  if (!address) return pass_on(address.error());
  auto socket = stream_socket(AF_UNIX);
  if (!socket) return socket;
  // bind() gives the file the socket's mode (less the umask), so there is no moment at which others may connect; and
  // no umask is changed, which all threads share.
  if (::fchmod(socket->get(), kSocketMode) != 0) return system_failure(errno, "set the mode of", path);
  ::unlink(temporary.c_str());  // an agent that died here may have left it
  if (auto listening = bind_and_listen(*socket, *address, temporary); !listening) return pass_on(listening.error());
  if (readers) {
    if (auto opened = open_to_group(temporary, *readers); !opened) return pass_on(opened.error());
  }
  if (::rename(temporary.c_str(), path.c_str()) != 0) return system_failure(errno, "rename to", path);
  return socket;
}

Result<UniqueFd> listen_on_tcp(const ListenAddress& address) {
  const bool is_v6 = address.host.find(':') != std::string::npos;
  auto socket = stream_socket(is_v6 ? AF_INET6 : AF_INET);
  if (!socket) return socket;
  const int on = 1;  // without it, a restart waits for the old agent's connections to time out
  if (::setsockopt(socket->get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0) {
    return system_failure(errno, "set SO_REUSEADDR");
  }
  const std::string name = address.host + " port " + std::to_string(address.port);
  if (auto bound = bind_tcp(*socket, address, name); !bound) return pass_on(bound.error());
  return socket;
}

Result<std::uint16_t> port_of(const UniqueFd& socket) {
  sockaddr_in6 address{};  // the larger of the two; the port is at the same place in both
  socklen_t size = sizeof address;
  if (::getsockname(socket.get(), reinterpret_cast<sockaddr*>(&address), &size) != 0) {
    return system_failure(errno, "read a socket's port");
  }
  return ::ntohs(address.sin6_port);
}

}  // namespace netclsd
