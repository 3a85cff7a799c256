#include "agent/server/mailbox.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>

namespace netclsd {

Result<std::unique_ptr<Mailbox>> Mailbox::create(std::size_t letters_max) {
  UniqueFd event(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!event.is_open()) return system_failure(errno, "make an eventfd");
  return std::make_unique<Mailbox>(std::move(event), letters_max);
}

Result<void> Mailbox::post(Letter letter) {
  const std::lock_guard lock(mutex_);
  if (is_closed_) return failure(ErrorCode::kUnavailable, "the agent is stopping");
  if (letters_.size() >= letters_max_) return failure(ErrorCode::kUnavailable, "the agent is busy: too many requests");
  letters_.push_back(std::move(letter));
  const std::uint64_t one = 1;
  // Fails only when the counter is full, and then the loop has been woken often enough.
  if (::write(event_.get(), &one, sizeof one) < 0) return {};
  return {};
}

void Mailbox::run_all() {
  std::uint64_t count = 0;
  if (::read(event_.get(), &count, sizeof count) < 0) count = 0;  // nothing was posted: nothing to run either
  std::deque<Letter> letters;
  {
    const std::lock_guard lock(mutex_);
    letters.swap(letters_);
  }
  for (Letter& letter : letters) {
    letter();
    letter = nullptr;  // its caller waits for nothing else
  }
}

void Mailbox::close() {
  std::deque<Letter> unread;  // destroyed without the lock: that wakes the callers
  const std::lock_guard lock(mutex_);
  is_closed_ = true;
  unread.swap(letters_);
}

}  // namespace netclsd
