// How another thread makes the loop thread do something: a bounded queue of closures, and an eventfd that wakes the
// loop.
//
// Workers call(). The loop polls fd() for reading and then calls run_some(), which runs all urgent closures and one
// patient one. So a hook waits for one part of one reader's answer at most, however many readers ask. A caller gives up
// after its timeout: its closure is skipped if the loop has not begun it, otherwise its result is dropped. So a closure
// must own what it uses, or use what the loop owns; it must never refer to the caller's stack.
//
// Results travel through a heap-allocated slot that both sides share. This is the agent's only use of shared_ptr:
// either side may be the last to use it.
#pragma once

#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>

#include "common/base/error.h"
#include "common/base/file.h"

namespace netclsd {

inline constexpr std::size_t kMailboxMax = 256;  // 8 workers wait at a time: reached only if callers gave up

class Mailbox {
 public:
  enum class Urgency {
    kUrgent,   // a container waits for it
    kPatient,  // reading, or a part of it: some milliseconds at most
  };

  [[nodiscard]] static Result<std::unique_ptr<Mailbox>> create(std::size_t letters_max = kMailboxMax);

  // Any thread but the loop's. `f` returns a value, a Result, or nothing. kUnavailable if the mailbox is full or
  // closed, or after `timeout`.
  template <typename F>
  auto call(F f, std::chrono::milliseconds timeout, Urgency urgency = Urgency::kUrgent);

  // The loop thread. fd() stays readable while there is more.
  [[nodiscard]] int fd() const { return event_.get(); }
  void run_some();

  // Any thread: the number of calls that the loop has not begun.
  [[nodiscard]] std::size_t waiting();

  // Any thread. Waiting calls fail at once, and so do later ones.
  void close();

  Mailbox(UniqueFd event, std::size_t letters_max) : event_(std::move(event)), letters_max_(letters_max) {}
  ~Mailbox() { close(); }
  Mailbox(const Mailbox&) = delete;
  Mailbox& operator=(const Mailbox&) = delete;

 private:
  using Letter = std::function<void()>;

  template <typename T>
  struct AsResult {
    using type = Result<T>;
  };
  template <typename T>
  struct AsResult<Result<T>> {
    using type = Result<T>;
  };

  // What caller and loop share about one call.
  template <typename R>
  struct Slot {
    std::mutex mutex;
    std::condition_variable changed;
    bool is_abandoned = false;  // the caller has gone
    bool is_over = false;       // the loop has finished it, or will never run it
    std::optional<R> answer;
  };

  // Part of the letter. It wakes the caller whether the letter is run or destroyed without having been run.
  template <typename R>
  class Ticket {
   public:
    explicit Ticket(std::shared_ptr<Slot<R>> slot) : slot_(std::move(slot)) {}
    ~Ticket() { finish(std::nullopt); }
    Ticket(const Ticket&) = delete;
    Ticket& operator=(const Ticket&) = delete;

    [[nodiscard]] bool is_wanted() {
      const std::lock_guard lock(slot_->mutex);
      return !slot_->is_abandoned;
    }
    void finish(std::optional<R> answer) {
      const std::lock_guard lock(slot_->mutex);
      if (std::exchange(slot_->is_over, true)) return;
      slot_->answer = std::move(answer);
      slot_->changed.notify_one();
    }

   private:
    std::shared_ptr<Slot<R>> slot_;
  };

  template <typename R>
  static R wait(Slot<R>& slot, std::chrono::milliseconds timeout);

  [[nodiscard]] Result<void> post(Letter letter, Urgency urgency);
  void wake() const;

  const UniqueFd event_;
  const std::size_t letters_max_;
  std::mutex mutex_;
  std::deque<Letter> urgent_;  // of each letters_max_ at most
  std::deque<Letter> patient_;
  bool is_closed_ = false;
};

template <typename R>
R Mailbox::wait(Slot<R>& slot, std::chrono::milliseconds timeout) {
  std::unique_lock lock(slot.mutex);
  if (!slot.changed.wait_for(lock, timeout, [&slot] { return slot.is_over; })) {
    slot.is_abandoned = true;
    return failure(ErrorCode::kUnavailable,
                   "the agent is busy: no answer in " + std::to_string(timeout.count()) + " ms");
  }
  if (!slot.answer) return failure(ErrorCode::kUnavailable, "the agent is stopping");
  return *std::move(slot.answer);
}

template <typename F>
auto Mailbox::call(F f, std::chrono::milliseconds timeout, Urgency urgency) {
  using Value = std::invoke_result_t<F>;
  using R = typename AsResult<Value>::type;
  const auto slot = std::make_shared<Slot<R>>();
  // std::function wants copies, a ticket and a closure need not be copyable: hence one more pointer.
  auto letter = [ticket = std::make_shared<Ticket<R>>(slot), f = std::make_shared<F>(std::move(f))] {
    if (!ticket->is_wanted()) return;
    if constexpr (std::is_void_v<Value>) {
      (*f)();
      ticket->finish(R{});
    } else {
      ticket->finish((*f)());
    }
  };
  auto posted = post(std::move(letter), urgency);
  if (!posted) return R(pass_on(std::move(posted).error()));
  return wait(*slot, timeout);
}

}  // namespace netclsd
