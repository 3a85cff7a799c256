// Answers that are given without the HTTP library: to who may not ask, asks nonsense, too much, too late or when the
// agent is too busy. Pure.
#pragma once

#include <string>

namespace netclsd {

inline constexpr const char* kProblemContentType = "application/problem+json";

struct Problem {
  int status = 500;
  std::string detail;  // one line for people
};

// The whole answer, ready for the network.
[[nodiscard]] std::string problem_answer(const Problem& problem);

}  // namespace netclsd
