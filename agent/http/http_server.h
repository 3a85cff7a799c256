// An HTTP server on one listening socket. One thread waits for clients (agent/http/connection_loop.h), and worker
// threads answer whole requests (agent/http/router.h). All threads are made at the start and confined before anything
// is served.
#pragma once

#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <latch>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "agent/http/connection_loop.h"
#include "agent/http/peer.h"
#include "agent/http/router.h"
#include "common/base/file.h"

namespace netclsd {

enum class Work { kWriting, kReading };

struct WorkerPoolOptions {
  std::size_t workers = 2;
  std::size_t readers_max = 2;     // at most this many serve readers at a time: the others are left for the writers
  std::function<void()> at_start;  // called first in each of them; may be empty
  std::function<void(std::unique_ptr<Connection>)> serve;
};

// The worker threads. They take writers first. The queues are bounded by the number of connections there can be.
class WorkerPool {
 public:
  explicit WorkerPool(WorkerPoolOptions options);
  ~WorkerPool() { shutdown(); }
  WorkerPool(const WorkerPool&) = delete;
  WorkerPool& operator=(const WorkerPool&) = delete;

  // Any thread.
  void enqueue(std::unique_ptr<Connection> connection, Work work);
  // Returns when everything that was enqueued has been served.
  void shutdown();

 private:
  using Queue = std::deque<std::unique_ptr<Connection>>;

  void work();
  [[nodiscard]] bool may_read() const { return !readers_.empty() && reading_ < options_.readers_max; }
  [[nodiscard]] bool has_work() const { return !writers_.empty() || may_read(); }
  [[nodiscard]] bool is_over() const { return is_stopping_ && writers_.empty() && readers_.empty(); }

  const WorkerPoolOptions options_;
  std::mutex mutex_;
  std::condition_variable changed_;
  Queue writers_;
  Queue readers_;
  std::size_t reading_ = 0;  // workers that serve a reader now
  bool is_stopping_ = false;
  std::vector<std::thread> workers_;  // last: they use everything above
};

struct HttpServerOptions {
  std::size_t workers = 2;
  std::size_t workers_for_writers = 0;  // this many of them serve no GET or HEAD
  std::size_t connections_max = 64;
  std::chrono::milliseconds request_timeout = std::chrono::seconds{2};  // for the whole request
  std::chrono::milliseconds answer_timeout = std::chrono::seconds{2};   // for the whole answer
  bool is_read_only = true;                                             // only GET and HEAD, and no body
  const PeerGate* gate = nullptr;                                       // outlives the server; null: everybody may ask
  TransportFactory make_transport;                                      // empty: plain
  LoginCheck check_login;                                               // empty: everybody is accepted
  std::function<Result<void>()> confine_thread;  // called first in every thread of the server; may be empty
};

class HttpServer {
 public:
  explicit HttpServer(HttpServerOptions options);
  ~HttpServer() { stop_serving(); }
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  // Routes are added before serve().
  [[nodiscard]] Router& router() { return router_; }

  // Makes the threads, and returns when all of them are confined. They serve until stop_serving(). If one cannot be
  // confined, its error is returned, and no request is served.
  [[nodiscard]] Result<void> serve(UniqueFd listener);
  // Waits for the requests that are being served. May be called twice, and without serve().
  void stop_serving();

 private:
  void confine_this_thread();
  void serve_connection(std::unique_ptr<Connection> connection);

  const HttpServerOptions options_;
  Router router_;
  std::optional<std::latch> confined_;  // counts the threads that have not tried yet
  std::mutex mutex_;
  std::optional<Error> unconfined_;  // the error of one that could not be confined
  std::unique_ptr<ConnectionLoop> loop_;
  std::unique_ptr<WorkerPool> workers_;
  std::thread waiting_thread_;
};

}  // namespace netclsd
