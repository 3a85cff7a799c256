#include "agent/server/worker_pool.h"

#include <gtest/gtest.h>

#include <atomic>

#include "agent/server/plain_transport.h"

namespace netclsd {
namespace {

const ConnectionLimits kLimits;

std::unique_ptr<Connection> some_connection() {
  return std::make_unique<Connection>(UniqueFd(), std::make_unique<PlainTransport>(), kLimits, false);
}

TEST(WorkerPoolTest, ConnectionsAreServedAndThoseThatWaitWhenItStopsAreToo) {
  std::atomic<int> served = 0;
  WorkerPool pool({.workers = 2, .at_start = {}, .serve = [&served](std::unique_ptr<Connection>) { ++served; }});
  for (int i = 0; i < 50; ++i) pool.enqueue(some_connection());
  pool.shutdown();
  EXPECT_EQ(served, 50);
}

TEST(WorkerPoolTest, EachThreadIsConfinedBeforeItServes) {
  std::atomic<int> confined = 0;
  std::atomic<int> confined_when_served = 0;
  thread_local bool is_confined = false;
  WorkerPool pool({.workers = 3,
                   .at_start =
                       [&confined] {
                         is_confined = true;
                         ++confined;
                       },
                   .serve = [&](std::unique_ptr<Connection>) { confined_when_served += is_confined ? 1 : 0; }});
  for (int i = 0; i < 20; ++i) pool.enqueue(some_connection());
  pool.shutdown();
  EXPECT_EQ(confined, 3);
  EXPECT_EQ(confined_when_served, 20);
}

}  // namespace
}  // namespace netclsd
