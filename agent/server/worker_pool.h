// The threads that serve requests, with a queue that has an end. The HTTP library's own pool queues without limit.
#pragma once

#include <httplib.h>

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace netclsd {

class WorkerPool : public httplib::TaskQueue {
 public:
  WorkerPool(std::size_t workers, std::size_t queue_max, const std::function<void()>& at_start = {});
  ~WorkerPool() override { shutdown(); }

  // A connection that finds the queue full is run at once on the caller's thread with is_refusing() true: the job owns
  // the connection, so it cannot just be dropped, but it can answer "busy" without reading anything.
  void enqueue(std::function<void()> job) override;
  // Joins. Jobs that wait are refused too.
  void shutdown() override;

  // In a job: answer 503 and be quick.
  [[nodiscard]] static bool is_refusing();

 private:
  void work();
  static void refuse(const std::function<void()>& job);

  const std::size_t queue_max_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::function<void()>> jobs_;
  bool is_stopping_ = false;
  std::vector<std::thread> workers_;  // last: they use all of the above
};

}  // namespace netclsd
