#include "hook/input.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <thread>

#include "common/base/file.h"
#include "tests/unit/hook/fake_host.h"

namespace netclsd::hook {
namespace {

using namespace std::chrono_literals;

struct Pipe {
  UniqueFd reader;
  UniqueFd writer;
  Pipe() {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) == 0) {
      reader.reset(ends[0]);
      writer.reset(ends[1]);
    }
  }
  void write(const std::string& text) const {
    EXPECT_EQ(::write(writer.get(), text.data(), text.size()), std::ssize(text));
  }
};

TEST(InputTest, ReadsUpToTheEnd) {
  Pipe pipe;
  std::thread runtime([&] {
    pipe.write("first ");
    std::this_thread::sleep_for(20ms);
    pipe.write("second");
    pipe.writer.reset();
  });
  EXPECT_EQ(*read_until(pipe.reader.get(), 100, Deadline::after(5s)), "first second");
  runtime.join();
}

TEST(InputTest, AWriterThatDoesNotCloseIsNotWaitedForForEver) {
  const Pipe pipe;
  pipe.write(R"({"id":)");
  const auto start = std::chrono::steady_clock::now();
  EXPECT_EQ(read_until(pipe.reader.get(), 100, Deadline::after(50ms)).error().code(), ErrorCode::kUnavailable);
  EXPECT_LT(std::chrono::steady_clock::now() - start, 2s);
}

// A process that the runtime started at the wrong moment has inherited the writing end, and keeps it.
TEST(InputTest, WhatIsWholeNeedsNoEndOfFile) {
  const Pipe pipe;
  pipe.write(R"({"id":"a","annotations":{}})");
  EXPECT_EQ(*read_until(pipe.reader.get(), 100, Deadline::after(60s)), R"({"id":"a","annotations":{}})");
}

TEST(InputTest, WhatLooksWholeInBetweenIsReadOn) {
  Pipe pipe;
  std::thread runtime([&] {
    pipe.write(R"({"a":{})");
    std::this_thread::sleep_for(60ms);
    pipe.write("}");
  });
  EXPECT_EQ(*read_until(pipe.reader.get(), 100, Deadline::after(60s)), R"({"a":{}})");
  runtime.join();
}

TEST(InputTest, TheLimitIsExact) {
  Pipe pipe;
  pipe.write(std::string(10, 'x'));
  pipe.writer.reset();
  EXPECT_EQ(read_until(pipe.reader.get(), 10, Deadline::after(5s))->size(), 10U);
  Pipe larger;
  larger.write(std::string(11, 'x'));
  larger.writer.reset();
  EXPECT_EQ(read_until(larger.reader.get(), 10, Deadline::after(5s)).error().code(), ErrorCode::kTooLarge);
}

TEST(InputTest, AClosedStdinIsAnError) { EXPECT_FALSE(read_until(-1, 10, Deadline::after(50ms))); }

}  // namespace
}  // namespace netclsd::hook
