// One function object of several lambdas, for std::visit: an alternative that none of them takes does not compile.
#pragma once

namespace netclsd {

template <typename... Functions>
struct Overloaded : Functions... {
  using Functions::operator()...;
};
template <typename... Functions>
Overloaded(Functions...) -> Overloaded<Functions...>;

}  // namespace netclsd
