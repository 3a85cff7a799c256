// Writes to the log what the engine reports. A problem that repeats is counted, with one line a minute. Loop thread
// only.
#pragma once

#include <string>

#include "agent/containers/containers_host.h"
#include "agent/logging/log.h"

namespace netclsd {

class LogReporter : public Reporter, public ContainerReporter {
 public:
  void registered(const Registration& registration) override;
  void released(const ContainerId& id) override;
  void refused(const Refused& refused) override;
  void swept(const char* cause, const SweepReport& report) override;
  void overrun(std::uint64_t dropped) override;
  void problem(const char* event, const std::string& object, const Error& error) override;

 private:
  RepeatGuard guard_;
};

}  // namespace netclsd
