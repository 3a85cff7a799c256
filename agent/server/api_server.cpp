#include "agent/server/api_server.h"

#include <sys/stat.h>
#include <unistd.h>

#include "agent/server/api_routes.h"
#include "agent/server/http_server.h"
#include "agent/server/listen_socket.h"
#include "agent/server/probe_routes.h"
#include "common/base/file.h"

namespace netclsd {
namespace {

constexpr mode_t kDirectoryMode = 0755;

}  // namespace

ApiServer::ApiServer(ApiServerOptions options, AgentService& service, const Counters& counters,
                     const Readiness& readiness)
    : options_(std::move(options)), service_(service), counters_(counters), readiness_(readiness) {}

ApiServer::~ApiServer() { stop(); }

std::optional<ApiServer::FileIdentity> ApiServer::identity_of(const std::string& path) {
  struct stat found {};
  if (::lstat(path.c_str(), &found) != 0) return std::nullopt;
  return FileIdentity{found.st_dev, found.st_ino};
}

Result<void> ApiServer::listen() {
  auto listening = listen_tcp();
  if (listening) listening = listen_unix();
  if (!listening) stop();
  return listening;
}

Result<void> ApiServer::listen_tcp() {
  if (!options_.listen) return {};
  auto listener = listen_on_tcp(*options_.listen);
  if (!listener) return pass_on(listener.error());
  const auto port = port_of(*listener);
  if (!port) return pass_on(port.error());
  tcp_port_ = *port;
  tcp_listener_ = std::move(*listener);
  return {};
}

Result<void> ApiServer::listen_unix() {
  const std::string directory = options_.socket_path.substr(0, options_.socket_path.rfind('/'));
  if (!directory.empty()) {
    if (auto made = make_directories(directory, kDirectoryMode); !made) return made;
  }
  auto listener = listen_on_unix(options_.socket_path);
  if (!listener) return pass_on(listener.error());
  socket_file_ = identity_of(options_.socket_path);
  unix_listener_ = std::move(*listener);
  return {};
}

Result<void> ApiServer::serve() {
  if (tcp_listener_.is_open()) serve_tcp();
  serve_unix();
  return {};
}

void ApiServer::serve_tcp() {
  tcp_ = std::make_unique<HttpServer>(HttpServerOptions{.workers = options_.probe_workers,
                                                        .queue_max = options_.probe_queue_max,
                                                        .request_timeout = options_.request_timeout,
                                                        .answer_timeout = options_.request_timeout,
                                                        .is_read_only = true,
                                                        .make_transport = {},
                                                        .is_admitted = {},
                                                        .confine_thread = options_.confine_thread});
  add_probe_routes(*tcp_, counters_, readiness_);
  tcp_->serve(std::move(tcp_listener_));
}

void ApiServer::serve_unix() {
  unix_ = std::make_unique<HttpServer>(HttpServerOptions{.workers = options_.workers,
                                                         .queue_max = options_.queue_max,
                                                         .request_timeout = options_.request_timeout,
                                                         .answer_timeout = options_.request_timeout,
                                                         .is_read_only = false,
                                                         .make_transport = {},
                                                         .is_admitted = {},
                                                         .confine_thread = options_.confine_thread});
  add_probe_routes(*unix_, counters_, readiness_);
  add_api_routes(*unix_, service_);
  unix_->serve(std::move(unix_listener_));
}

void ApiServer::stop() {
  // The name first: who comes from now on finds no agent, and a hook goes to the spool at once.
  if (socket_file_ && identity_of(options_.socket_path) == socket_file_) ::unlink(options_.socket_path.c_str());
  socket_file_.reset();
  unix_.reset();
  tcp_.reset();
  unix_listener_.reset();
  tcp_listener_.reset();
}

}  // namespace netclsd
