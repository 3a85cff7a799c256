// Writes what the engine reports to the log; repeats of one problem are counted, with one line a minute. Loop thread.
#pragma once

#include "agent/engine/host.h"
#include "agent/logging/repeat_guard.h"

namespace netclsd {

class LogReporter : public Reporter {
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
