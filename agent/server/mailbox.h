// How another thread has the loop thread do something: a bounded queue of closures and an eventfd that wakes the loop.
//
// Workers call(), the loop polls fd() for reading and then calls run_all(). A caller that has waited long enough goes
// its way: its closure is skipped if the loop has not begun it, and its result is dropped if it has. So a closure must
// own what it uses, or use what the loop owns; it must never refer to the caller's stack.
//
// Results travel through a heap-allocated slot that both sides share: the agent's only use of shared_ptr, because
// either side may be the last.
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
#include "common/base/unique_fd.h"

namespace netclsd {

inline constexpr std::size_t kMailboxMax = 256;  // 8 workers wait at a time: reached only if callers gave up

class Mailbox {
 public:
  [[nodiscard]] static Result<std::unique_ptr<Mailbox>> create(std::size_t letters_max = kMailboxMax);

  // Any thread but the loop's. What `f` returns: a value, a Result, or nothing. kUnavailable when the mailbox is full
  // or closed, or when `timeout` has passed.
  template <typename F>
  auto call(F f, std::chrono::milliseconds timeout);

  // The loop thread.
  [[nodiscard]] int fd() const { return event_.get(); }
  void run_all();

  // Any thread. Later calls fail at once, waiting ones too.
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
    bool is_over = false;       // the loop is through with it, or will never get to it
    std::optional<R> answer;
  };

  // In the letter: whatever becomes of the letter, run or destroyed unrun, the caller is woken.
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

  [[nodiscard]] Result<void> post(Letter letter);

  const UniqueFd event_;
  const std::size_t letters_max_;
  std::mutex mutex_;
  std::deque<Letter> letters_;
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
auto Mailbox::call(F f, std::chrono::milliseconds timeout) {
  using Value = std::invoke_result_t<F>;
  using R = typename AsResult<Value>::type;
  const auto slot = std::make_shared<Slot<R>>();
  // std::function wants copies, a ticket and a closure need not be copyable: hence one more pointer.
  auto posted = post([ticket = std::make_shared<Ticket<R>>(slot), f = std::make_shared<F>(std::move(f))] {
    if (!ticket->is_wanted()) return;
    if constexpr (std::is_void_v<Value>) {
      (*f)();
      ticket->finish(R{});
    } else {
      ticket->finish((*f)());
    }
  });
  if (!posted) return R(pass_on(std::move(posted).error()));
  return wait(*slot, timeout);
}

}  // namespace netclsd
