// The threads that serve requests. Their queue is bounded by the connections there can be.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "agent/server/connection.h"

namespace netclsd {

struct WorkerPoolOptions {
  std::size_t workers = 2;
  std::function<void()> at_start;  // first in each of them; may be empty
  std::function<void(std::unique_ptr<Connection>)> serve;
};

class WorkerPool {
 public:
  explicit WorkerPool(WorkerPoolOptions options);
  ~WorkerPool() { shutdown(); }
  WorkerPool(const WorkerPool&) = delete;
  WorkerPool& operator=(const WorkerPool&) = delete;

  // Any thread.
  void enqueue(std::unique_ptr<Connection> connection);
  // Joins when all that was enqueued has been served.
  void shutdown();

 private:
  void work();

  const WorkerPoolOptions options_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::unique_ptr<Connection>> queue_;
  bool is_stopping_ = false;
  std::vector<std::thread> workers_;  // last: they use all of the above
};

}  // namespace netclsd
