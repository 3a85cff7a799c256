// What the node has to say, looked at once a second: the reports that `netclsctl hook install`, the NRI plugin and the
// carrier leave in the state directory, and the kernel's flaws. The status shows it, and changes are logged. Only one
// of them is acted on: on a kernel that crashes at early moves the engine lets children run first. Loop thread only.
#pragma once

#include <string>

#include "agent/carry/carry_report_file.h"
#include "agent/engine/engine.h"
#include "agent/host/procfs.h"
#include "agent/metrics/counters.h"
#include "agent/sources/boards.h"
#include "agent/sources/hook_report.h"
#include "agent/sources/nri_report.h"
#include "common/base/file.h"

namespace netclsd {

class NodeReports {
 public:
  // All outlive it. `reports` may be read by any thread.
  NodeReports(Reports& reports, const UniqueFd& state_directory, Procfs& procfs, Counters& counters, Engine& engine)
      : reports_(reports),
        procfs_(procfs),
        counters_(counters),
        engine_(engine),
        hook_report_(state_directory, procfs, counters),
        nri_report_(state_directory, procfs, counters),
        carry_report_(state_directory, procfs, counters) {}

  void look_at_kernel();  // call before anything is moved
  void look_at_reports();
  void on_second();

 private:
  void look_for_dangerous_mounts();
  void warn_of_kernel(const std::string& cause);
  void look_at_nri();
  void look_at_hook();
  void look_at_carry();

  Reports& reports_;
  Procfs& procfs_;
  Counters& counters_;
  Engine& engine_;
  HookReportFile hook_report_;
  NriReportFile nri_report_;
  CarryReportFile carry_report_;
  int seconds_to_kernel_look_ = 0;
};

}  // namespace netclsd
