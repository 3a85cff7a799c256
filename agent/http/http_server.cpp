#include "agent/http/http_server.h"

#include <algorithm>
#include <csignal>
#include <utility>

namespace netclsd {
namespace {

ConnectionLoopOptions loop_options_of(const HttpServerOptions& options) {
  constexpr std::size_t kNoBody = 0;
  ConnectionLoopOptions loop{
      .connections_max = options.connections_max,
      .limits = {.framing = {}, .request_timeout = options.request_timeout, .answer_timeout = options.answer_timeout},
      .make_transport = options.make_transport,
      .gate = options.gate};
  loop.limits.framing.body_max_bytes = options.is_read_only ? kNoBody : kBodyMax_bytes;
  if (!loop.make_transport) loop.make_transport = [] { return std::make_unique<PlainTransport>(); };
  return loop;
}

// Signals belong to the agent's loop, which reads them from its signalfd.
class SignalsBlocked {
 public:
  SignalsBlocked() {
    sigset_t all;
    ::sigfillset(&all);
    ::pthread_sigmask(SIG_SETMASK, &all, &before_);
  }
  ~SignalsBlocked() { ::pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  SignalsBlocked(const SignalsBlocked&) = delete;
  SignalsBlocked& operator=(const SignalsBlocked&) = delete;

 private:
  sigset_t before_;
};

}  // namespace

WorkerPool::WorkerPool(WorkerPoolOptions options) : options_(std::move(options)) {
  for (std::size_t i = 0; i < options_.workers; ++i) workers_.emplace_back([this] { work(); });
}

void WorkerPool::enqueue(std::unique_ptr<Connection> connection, Work work) {
  const std::lock_guard lock(mutex_);
  (work == Work::kWriting ? writers_ : readers_).push_back(std::move(connection));
  changed_.notify_one();
}

void WorkerPool::shutdown() {
  {
    const std::lock_guard lock(mutex_);
    is_stopping_ = true;
  }
  changed_.notify_all();
  for (std::thread& worker : workers_) worker.join();
  workers_.clear();
}

void WorkerPool::work() {
  if (options_.at_start) options_.at_start();
  std::unique_lock lock(mutex_);
  for (;;) {
    changed_.wait(lock, [this] { return is_over() || has_work(); });
    if (!has_work()) return;
    const bool is_reading = writers_.empty();
    Queue& queue = is_reading ? readers_ : writers_;
    auto connection = std::move(queue.front());
    queue.pop_front();
    reading_ += is_reading ? 1 : 0;
    lock.unlock();
    options_.serve(std::move(connection));
    lock.lock();
    reading_ -= is_reading ? 1 : 0;
    if (has_work()) changed_.notify_one();  // for a reader that had to wait: this worker may take a writer now
    if (is_over()) changed_.notify_all();
  }
}

HttpServer::HttpServer(HttpServerOptions options)
    : options_(std::move(options)),
      router_({.is_read_only = options_.is_read_only, .check_login = options_.check_login}) {}

Result<void> HttpServer::serve(UniqueFd listener) {
  auto loop = ConnectionLoop::make(loop_options_of(options_), [this](std::unique_ptr<Connection> connection) {
    const Work work = only_reads(connection->request()) ? Work::kReading : Work::kWriting;
    workers_->enqueue(std::move(connection), work);
  });
  if (!loop) return pass_on(loop.error());
  loop_ = std::move(*loop);
  confined_.emplace(static_cast<std::ptrdiff_t>(options_.workers) + 1);
  const SignalsBlocked for_the_new_threads;
  workers_ = std::make_unique<WorkerPool>(WorkerPoolOptions{
      .workers = options_.workers,
      .readers_max = options_.workers - std::min(options_.workers_for_writers, options_.workers - 1),
      .at_start = [this] { confine_this_thread(); },
      .serve = [this](std::unique_ptr<Connection> connection) { serve_connection(std::move(connection)); }});
  waiting_thread_ = std::thread([this, taken = std::move(listener)]() mutable {
    confine_this_thread();
    confined_->wait();  // no client is accepted before all are confined
    if (!unconfined_) loop_->run(std::move(taken));
  });
  confined_->wait();
  if (!unconfined_) return {};
  stop_serving();
  return pass_on(*unconfined_);
}

void HttpServer::confine_this_thread() {
  const auto confined = options_.confine_thread ? options_.confine_thread() : Result<void>{};
  if (!confined) {
    const std::lock_guard lock(mutex_);
    unconfined_ = confined.error();
  }
  confined_->count_down();
}

void HttpServer::stop_serving() {
  if (!waiting_thread_.joinable()) return;
  loop_->stop();
  waiting_thread_.join();
  workers_->shutdown();
}

void HttpServer::serve_connection(std::unique_ptr<Connection> connection) {
  const bool is_guest = connection->is_guest();
  // Most answers fit into the socket's buffer. Then the connection is over here.
  if (connection->answer(router_.answer_to(connection->request())) == Connection::Next::kClose) connection.reset();
  loop_->give_back(std::move(connection), is_guest);
}

}  // namespace netclsd
