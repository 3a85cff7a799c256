#include "agent/server/worker_pool.h"

#include <gtest/gtest.h>

#include <atomic>

namespace netclsd {
namespace {

TEST(WorkerPoolTest, JobsRunOnWorkersThatAreNotRefusing) {
  std::atomic<int> served = 0;
  {
    WorkerPool pool(2, 100);
    for (int i = 0; i < 50; ++i) pool.enqueue([&] { served += WorkerPool::is_refusing() ? 0 : 1; });
    while (served < 50) std::this_thread::yield();
  }
  EXPECT_EQ(served, 50);
}

TEST(WorkerPoolTest, JobsThatWaitWhenItStopsAreRefusedAndNoneIsLost) {
  std::atomic<bool> may_end = false;
  std::atomic<int> refused = 0;
  WorkerPool pool(1, 10);
  std::atomic<bool> has_begun = false;
  pool.enqueue([&] {
    has_begun = true;
    may_end.wait(false);
  });
  while (!has_begun) std::this_thread::yield();
  for (int i = 0; i < 3; ++i) {
    pool.enqueue([&] {
      refused += WorkerPool::is_refusing() ? 1 : 0;
      may_end = true;
      may_end.notify_all();
    });
  }
  pool.shutdown();
  EXPECT_EQ(refused, 3);
  EXPECT_FALSE(WorkerPool::is_refusing());
}

}  // namespace
}  // namespace netclsd
