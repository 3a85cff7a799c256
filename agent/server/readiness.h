// Why the agent is not ready yet: set by the loop thread, read by HTTP workers.
#pragma once

#include <mutex>
#include <string>
#include <vector>

namespace netclsd {

class Readiness {
 public:
  // Not ready until set() says otherwise: a server that answers before the agent has subscribed must not say "ready".
  Readiness() : reasons_{"starting"} {}

  void set(std::vector<std::string> reasons);              // empty: ready
  [[nodiscard]] std::vector<std::string> reasons() const;  // empty: ready

 private:
  mutable std::mutex mutex_;
  std::vector<std::string> reasons_;
};

}  // namespace netclsd
