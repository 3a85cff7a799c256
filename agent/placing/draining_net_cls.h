// The net_cls hierarchy as all parts of the engine write it: before each write but the first since the last drain, the
// events that have arrived are read. So no part can forget it. Only this one holds the host's own NetCls.
//
// A part that writes a running process looks at it, drains, judges once more, and writes. Then the drain is not
// repeated here, and nothing comes between the judgement and the write. Loop thread only.
#pragma once

#include <string>
#include <vector>

#include "agent/host/host.h"
#include "agent/placing/intake.h"

namespace netclsd {

class DrainingNetCls : public NetCls {
 public:
  // Both outlive it.
  DrainingNetCls(NetCls& net_cls, Intake& intake) : net_cls_(net_cls), intake_(intake) {}

  Result<void> make(const std::string& directory) override { return to_write().make(directory); }
  Result<AttachOutcome> attach(const std::string& directory, Pid pid) override {
    return to_write().attach(directory, pid);
  }
  Result<void> set_classid(const std::string& directory, std::uint32_t raw) override {
    return to_write().set_classid(directory, raw);
  }
  Result<RemoveOutcome> remove(const std::string& directory) override { return to_write().remove(directory); }

  Result<void> expect_ready(const std::string& parent) override { return net_cls_.expect_ready(parent); }
  Result<std::uint32_t> classid(const std::string& directory) override { return net_cls_.classid(directory); }
  Result<std::vector<Pid>> processes(const std::string& directory) override { return net_cls_.processes(directory); }
  Result<std::vector<std::string>> children(const std::string& directory) override {
    return net_cls_.children(directory);
  }
  Result<std::vector<std::string>> below(const std::string& directory) override { return net_cls_.below(directory); }

 private:
  NetCls& to_write() {
    intake_.drain_between_writes();
    return net_cls_;
  }

  NetCls& net_cls_;
  Intake& intake_;
};

}  // namespace netclsd
