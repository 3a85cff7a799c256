#include "agent/server/worker_pool.h"

#include <utility>

namespace netclsd {
namespace {

thread_local bool refusing = false;

}  // namespace

WorkerPool::WorkerPool(std::size_t workers, std::size_t queue_max, const std::function<void()>& at_start)
    : queue_max_(queue_max) {
  for (std::size_t i = 0; i < workers; ++i) {
    workers_.emplace_back([this, at_start] {
      if (at_start) at_start();
      work();
    });
  }
}

bool WorkerPool::is_refusing() { return refusing; }

void WorkerPool::refuse(const std::function<void()>& job) {
  refusing = true;
  job();
  refusing = false;
}

void WorkerPool::enqueue(std::function<void()> job) {
  {
    const std::lock_guard lock(mutex_);
    if (jobs_.size() < queue_max_) {
      jobs_.push_back(std::move(job));
      changed_.notify_one();
      return;
    }
  }
  refuse(job);
}

void WorkerPool::shutdown() {
  std::deque<std::function<void()>> waiting;
  {
    const std::lock_guard lock(mutex_);
    is_stopping_ = true;
    waiting.swap(jobs_);
  }
  changed_.notify_all();
  for (const auto& job : waiting) refuse(job);
  for (std::thread& worker : workers_) worker.join();
  workers_.clear();
}

void WorkerPool::work() {
  std::unique_lock lock(mutex_);
  for (;;) {
    changed_.wait(lock, [this] { return is_stopping_ || !jobs_.empty(); });
    if (jobs_.empty()) return;
    const auto job = std::move(jobs_.front());
    jobs_.pop_front();
    lock.unlock();
    job();
    lock.lock();
  }
}

}  // namespace netclsd
