#include "agent/sources/mailbox.h"

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

Result<void> Mailbox::post(Letter letter, Urgency urgency) {
  const std::lock_guard lock(mutex_);
  if (is_closed_) return failure(ErrorCode::kUnavailable, "the agent is stopping");
  auto& letters = urgency == Urgency::kUrgent ? urgent_ : patient_;
  if (letters.size() >= letters_max_) return failure(ErrorCode::kUnavailable, "the agent is busy: too many requests");
  letters.push_back(std::move(letter));
  wake();
  return {};
}

// Fails only when the counter is full, and then the loop has been woken often enough.
void Mailbox::wake() const {
  const std::uint64_t one = 1;
  if (::write(event_.get(), &one, sizeof one) < 0) return;
}

void Mailbox::run_some() {
  std::uint64_t count = 0;
  if (::read(event_.get(), &count, sizeof count) < 0) count = 0;  // nothing was posted: nothing to run either
  std::deque<Letter> letters;
  {
    const std::lock_guard lock(mutex_);
    letters.swap(urgent_);
    if (!patient_.empty()) {
      letters.push_back(std::move(patient_.front()));
      patient_.pop_front();
    }
    if (!patient_.empty()) wake();
  }
  for (Letter& letter : letters) {
    letter();
    letter = nullptr;  // its caller waits for nothing else
  }
}

std::size_t Mailbox::waiting() {
  const std::lock_guard lock(mutex_);
  return urgent_.size() + patient_.size();
}

void Mailbox::close() {
  std::deque<Letter> urgent;  // destroyed without the lock: that wakes the callers
  std::deque<Letter> patient;
  const std::lock_guard lock(mutex_);
  is_closed_ = true;
  urgent.swap(urgent_);
  patient.swap(patient_);
}

}  // namespace netclsd
