// The agent: wires everything together and runs the loop. The only place that sees everything.
#pragma once

#include <memory>

#include "agent/config/command_line.h"
#include "agent/confinement.h"
#include "agent/core/nap.h"
#include "agent/engine/engine.h"
#include "agent/event_stream.h"
#include "agent/kernel/clock.h"
#include "agent/kernel/exit_watch.h"
#include "agent/kernel/mounted_cgroups.h"
#include "agent/kernel/net_cls_groups.h"
#include "agent/kernel/procfs.h"
#include "agent/kernel/signals.h"
#include "agent/kernel/timer.h"
#include "agent/log_reporter.h"
#include "agent/loop_service.h"
#include "agent/server/api_server.h"
#include "agent/state/registration_files.h"
#include "agent/state/spool_directory.h"
#include "agent/web/web_access.h"

namespace netclsd {

class Agent {
 public:
  // Opens everything and subscribes; changes nothing that is visible to containers. Errors are one line for people.
  [[nodiscard]] static Result<std::unique_ptr<Agent>> make(const CommandLine& command_line, const Config& config);

  // Takes up what was, sweeps, serves until SIGTERM or SIGINT. Groups and state files stay: containers live on.
  [[nodiscard]] Result<void> run();

 private:
  struct Resources;  // what can fail to be opened
  Agent(CommandLine command_line, Config config, Resources resources);

  [[nodiscard]] Result<void> confine();
  void start_up();
  void on_second();
  void update_readiness();
  void on_signal();
  void reload();
  void refuse_reload(const Error& error);
  void renew_web_access();
  void apply(const Config& config);
  [[nodiscard]] std::chrono::milliseconds time_to_wait(bool has_more);
  [[nodiscard]] Host host();
  [[nodiscard]] ApiServerOptions server_options();

  // Members are destroyed bottom up: requests stop before what they call.
  CommandLine command_line_;
  Config config_;
  Counters counters_;
  Readiness readiness_;
  UniqueFd lock_;
  EventLoop loop_;
  Signals signals_;
  Timer second_;
  SystemClock clock_;
  Procfs procfs_;
  MountedCgroups cgroups_;
  NetClsGroups groups_;
  RegistrationFiles store_;
  SpoolDirectory spool_;
  LogReporter reporter_;
  EventStream events_;
  PidfdExitWatch exits_;
  EngineOptions options_;
  Engine engine_;
  std::unique_ptr<Mailbox> mailbox_;
  LoopService service_;
  Confinement confinement_;
  std::unique_ptr<WebAccess> web_;
  ApiServer server_;
  Nap nap_;
  bool has_swept_ = false;
  bool is_deaf_ = false;
  bool is_napping_ = false;
  bool is_stopping_ = false;
};

}  // namespace netclsd
