#include "agent/server/worker_pool.h"

#include <utility>

namespace netclsd {

WorkerPool::WorkerPool(WorkerPoolOptions options) : options_(std::move(options)) {
  for (std::size_t i = 0; i < options_.workers; ++i) workers_.emplace_back([this] { work(); });
}

void WorkerPool::enqueue(std::unique_ptr<Connection> connection) {
  const std::lock_guard lock(mutex_);
  queue_.push_back(std::move(connection));
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
    changed_.wait(lock, [this] { return is_stopping_ || !queue_.empty(); });
    if (queue_.empty()) return;
    auto connection = std::move(queue_.front());
    queue_.pop_front();
    lock.unlock();
    options_.serve(std::move(connection));
    lock.lock();
  }
}

}  // namespace netclsd
