#include "agent/placing/sweep_debt.h"

#include <algorithm>

namespace netclsd {

SweepDebt::Waiting SweepDebt::wait_for_calm(SweepCause cause, const std::optional<Waiting>& before, MonotonicTime now) {
  const MonotonicTime latest = before ? before->due_at_latest : now + kWaitMax;
  return {.cause = cause, .due_at = std::min(now + kCalm, latest), .due_at_latest = latest};
}

bool SweepDebt::note_drop(MonotonicTime now) {
  const bool is_first = !loss_ || loss_->cause != SweepCause::kOverrun;
  loss_ = wait_for_calm(SweepCause::kOverrun, loss_, now);
  return is_first;
}

void SweepDebt::note_loss(SweepCause cause, MonotonicTime now) {
  if (!loss_) loss_ = Waiting{.cause = cause, .due_at = now, .due_at_latest = now};
}

void SweepDebt::note_late_registration(MonotonicTime now) {
  late_ = wait_for_calm(SweepCause::kRegistration, late_, now);
}

void SweepDebt::begin_sweep(MonotonicTime now) {
  loss_.reset();
  late_.reset();
  has_strays_ = false;
  swept_at_ = now;
}

void SweepDebt::end_sweep(Outcome outcome) {
  has_strays_ = has_strays_ || outcome == Outcome::kStrays;
  pause_ = outcome == Outcome::kClean ? MonotonicTime{0}
                                      : std::clamp(2 * pause_, kPauseMin, std::max(pause_max_, kPauseMin));
  if (outcome == Outcome::kFailed) note_loss(SweepCause::kFailed, swept_at_ + pause_);
}

std::optional<SweepDebt::Owed> SweepDebt::owed() const {
  std::optional<Owed> first;
  const auto consider = [&](SweepCause cause, MonotonicTime due_at) {
    if (!first || due_at < first->due_at) first = Owed{cause, due_at};
  };
  if (loss_) consider(loss_->cause, loss_->due_at);
  if (has_strays_) consider(SweepCause::kStrays, swept_at_ + pause_);
  if (late_) consider(late_->cause, late_->due_at);
  return first;
}

}  // namespace netclsd
