#include "agent/sources/api_server.h"

#include <utility>

#include <sys/stat.h>
#include <unistd.h>

#include "agent/http/http_server.h"
#include "agent/http/listen_socket.h"

namespace netclsd {

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
  std::optional<gid_t> readers;
  if (options_.socket_group) {
    const auto found = find_group(*options_.socket_group);
    if (!found) return pass_on(found.error());
    readers = *found;
  }
  auto gate = PeerGate::open({.readers = readers});
  if (!gate) return pass_on(gate.error());
  gate_ = std::move(*gate);
  if (auto prepared = prepare_directory(readers); !prepared) return prepared;
  auto listener = listen_on_unix(options_.socket_path, readers);
  if (!listener) return pass_on(listener.error());
  socket_file_ = identity_of(options_.socket_path);
  unix_listener_ = std::move(*listener);
  return {};
}

Result<void> ApiServer::prepare_directory(std::optional<gid_t> readers) const {
  const std::string path = options_.socket_path.substr(0, options_.socket_path.rfind('/'));
  if (path.empty()) return {};  // the root directory
  return prepare_socket_directory({.path = path, .is_ours = path == options_.state_dir, .readers = readers});
}

Result<void> ApiServer::serve() {
  if (tcp_listener_.is_open()) {
    if (auto serving = serve_tcp(); !serving) return serving;
  }
  return serve_unix();
}

// What both listeners have in common.
HttpServerOptions ApiServer::http_options() const {
  HttpServerOptions options;
  options.connections_max = options_.connections_max;
  options.request_timeout = options_.request_timeout;
  options.answer_timeout = options_.request_timeout;
  options.confine_thread = options_.confine_thread;
  return options;
}

Result<void> ApiServer::serve_tcp() {
  HttpServerOptions options = http_options();
  options.workers = options_.probe_workers;
  options.make_transport = options_.make_transport;
  options.check_login = options_.check_login;
  tcp_ = std::make_unique<HttpServer>(std::move(options));
  add_probe_routes(tcp_->router(), counters_, readiness_);
  return tcp_->serve(std::move(tcp_listener_));
}

Result<void> ApiServer::serve_unix() {
  HttpServerOptions options = http_options();
  options.workers = options_.workers;
  options.workers_for_writers = options_.workers_for_writers;
  options.is_read_only = false;
  options.gate = &*gate_;
  unix_ = std::make_unique<HttpServer>(std::move(options));
  add_probe_routes(unix_->router(), counters_, readiness_);
  add_api_routes(unix_->router(), service_);
  return unix_->serve(std::move(unix_listener_));
}

void ApiServer::stop() {
  // The name first: from now on a client finds no agent, and a hook uses the spool at once.
  if (socket_file_ && identity_of(options_.socket_path) == socket_file_) ::unlink(options_.socket_path.c_str());
  socket_file_.reset();
  unix_.reset();
  tcp_.reset();
  unix_listener_.reset();
  tcp_listener_.reset();
}

}  // namespace netclsd
