#include "agent/http/http_server.h"

#include <gtest/gtest.h>

#include <atomic>

namespace netclsd {
namespace {

const ConnectionLimits kConnectionLimits;

std::unique_ptr<Connection> some_connection() {
  return std::make_unique<Connection>(UniqueFd(), std::make_unique<PlainTransport>(), kConnectionLimits, false);
}

// Until it is so many, or for so long that it never will be.
void wait_for(const std::atomic<int>& count, int expected) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds{5};
  while (count < expected && std::chrono::steady_clock::now() < end) std::this_thread::yield();
}

TEST(WorkerPoolTest, ConnectionsAreServedAndThoseThatWaitWhenItStopsAreToo) {
  std::atomic<int> served = 0;
  WorkerPool pool({.workers = 2, .at_start = {}, .serve = [&served](std::unique_ptr<Connection>) { ++served; }});
  for (int i = 0; i < 50; ++i) pool.enqueue(some_connection(), i % 2 == 0 ? Work::kReading : Work::kWriting);
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
  for (int i = 0; i < 20; ++i) pool.enqueue(some_connection(), i % 2 == 0 ? Work::kReading : Work::kWriting);
  pool.shutdown();
  EXPECT_EQ(confined, 3);
  EXPECT_EQ(confined_when_served, 20);
}

// Who reads may take as long as it likes: a writer finds a worker.
TEST(WorkerPoolTest, ReadersLeaveSomeWorkersToWriters) {
  std::atomic<int> reading = 0;
  std::atomic<int> written = 0;
  std::atomic<bool> may_end = false;
  WorkerPool pool(
      {.workers = 3, .readers_max = 2, .at_start = {}, .serve = [&](std::unique_ptr<Connection> connection) {
         if (!connection->is_guest()) {
           ++written;
           written.notify_all();
           return;
         }
         ++reading;
         reading.notify_all();
         may_end.wait(false);
       }});
  constexpr bool kIsGuest = true;
  for (int i = 0; i < 5; ++i) {
    pool.enqueue(
        std::make_unique<Connection>(UniqueFd(), std::make_unique<PlainTransport>(), kConnectionLimits, kIsGuest),
        Work::kReading);
  }
  wait_for(reading, 2);
  for (int i = 0; i < 5; ++i) pool.enqueue(some_connection(), Work::kWriting);
  wait_for(written, 5);
  EXPECT_EQ(written, 5);
  EXPECT_EQ(reading, 2) << "the third worker is left to the writers";
  may_end = true;
  may_end.notify_all();
  pool.shutdown();
  EXPECT_EQ(reading, 5) << "and all are served in the end";
}

}  // namespace
}  // namespace netclsd
