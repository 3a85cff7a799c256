#include "agent/placing/sweep_debt.h"

#include <algorithm>

namespace netclsd {

bool SweepDebt::note_drop(MonotonicTime now) {
  const bool is_first = !loss_ || loss_->cause != SweepCause::kOverrun;
  const MonotonicTime latest = loss_ ? loss_->due_at_latest : now + kLossWaitMax;
  loss_ = Loss{.cause = SweepCause::kOverrun, .due_at = std::min(now + kCalm, latest), .due_at_latest = latest};
  return is_first;
}

void SweepDebt::note_loss(SweepCause cause, MonotonicTime now) {
  if (!loss_) loss_ = Loss{.cause = cause, .due_at = now, .due_at_latest = now};
}

void SweepDebt::begin_sweep(MonotonicTime now) {
  loss_.reset();
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
  const auto loss = loss_ ? std::optional(Owed{loss_->cause, loss_->due_at}) : std::nullopt;
  if (!has_strays_) return loss;
  const Owed strays{SweepCause::kStrays, swept_at_ + pause_};
  return loss && loss->due_at <= strays.due_at ? *loss : strays;
}

}  // namespace netclsd
