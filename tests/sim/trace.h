// The last steps of a simulation, for people who look into a failure. Bounded; formats nothing until it is asked.
#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "common/model/process.h"

namespace netclsd {

class Trace {
 public:
  static constexpr std::size_t kStepsMax = 4000;

  // `what` is a literal.
  void note(const char* what, Pid pid = {}, std::string object = "", std::int64_t number = 0) {
    steps_[count_++ % kStepsMax] = {what, pid, std::move(object), number};
  }

  [[nodiscard]] std::string text() const {
    std::string text;
    for (std::size_t i = count_ < kStepsMax ? 0 : count_ - kStepsMax; i < count_; ++i) {
      const Step& step = steps_[i % kStepsMax];
      text += "  " + std::to_string(i) + " " + step.what;
      if (step.pid != Pid{}) text += " pid=" + to_string(step.pid);
      if (!step.object.empty()) text += " " + step.object;
      if (step.number != 0) text += " " + std::to_string(step.number);
      text += "\n";
    }
    return text;
  }

 private:
  struct Step {
    const char* what = "";
    Pid pid;
    std::string object;
    std::int64_t number = 0;
  };
  std::array<Step, kStepsMax> steps_;
  std::size_t count_ = 0;
};

}  // namespace netclsd
