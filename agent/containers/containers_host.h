// What containers need of the outside world beside what all targets need (agent/host/host.h). agent/containers and
// agent/sources implement it on the real machine, FakeHost (tests/sim) in memory. Called by the loop thread only.
#pragma once

#include <string>
#include <vector>

#include "agent/containers/refused.h"
#include "agent/containers/registration.h"
#include "agent/host/host.h"

namespace netclsd {

class RegistrationStore {
 public:
  virtual ~RegistrationStore() = default;
  virtual Result<void> save(const Registration& registration) = 0;
  virtual Result<void> remove(const ContainerId& id) = 0;
  // The first time all that are kept, afterwards those that could not be read before: an error that may_pass()
  // is for later. What has any other error is set aside.
  virtual std::vector<Result<Registration>> load() = 0;
};

struct SpoolItem {
  std::string name;
  Result<SpoolEntry> entry;  // an error that may_pass() is for later
};

class Spool {
 public:
  virtual ~Spool() = default;
  virtual void look() = 0;  // notes what is there
  // Of what was there at the last look, in the order it was left, the next ones; each is given once.
  virtual std::vector<SpoolItem> take(std::size_t entries_max) = 0;
  virtual void discard(const std::string& name) = 0;
  virtual void set_aside(const std::string& name) = 0;  // it is not given again
};

// What happens to containers; the agent logs it.
class ContainerReporter {
 public:
  virtual ~ContainerReporter() = default;
  virtual void registered(const Registration& registration) = 0;
  virtual void released(const ContainerId& id) = 0;
  virtual void refused(const Refused& refused) = 0;  // by the policy
};

// References: everything here outlives the engine.
struct ContainersHost : Host {
  RegistrationStore& store;
  Spool& spool;
  ContainerReporter& container_reporter;
};

}  // namespace netclsd
