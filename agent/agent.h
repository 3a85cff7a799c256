// The agent: wires everything together and runs the loop. The only place that sees everything.
#pragma once

#include <memory>
#include <string>

#include "agent/config/command_line.h"
#include "agent/confinement/confinement.h"
#include "agent/containers/registration_files.h"
#include "agent/engine/engine.h"
#include "agent/events/event_stream.h"
#include "agent/events/nap.h"
#include "agent/host/clock.h"
#include "agent/host/event_loop.h"
#include "agent/host/mounted_cgroups.h"
#include "agent/host/net_cls_groups.h"
#include "agent/host/procfs.h"
#include "agent/host/service_manager.h"
#include "agent/host/surroundings.h"
#include "agent/http/web_access.h"
#include "agent/log_reporter.h"
#include "agent/node_reports.h"
#include "agent/sources/api_server.h"
#include "agent/sources/boards.h"
#include "agent/sources/loop_service.h"
#include "agent/sources/spool_directory.h"

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

  [[nodiscard]] Result<void> subscribe();
  [[nodiscard]] Result<void> note_presence();
  [[nodiscard]] Result<void> confine();
  void on_second();
  void tell_pulse(Pulse pulse) const;
  void check_sight();
  void check_presence();
  void update_readiness();
  void log_ready() const;
  [[nodiscard]] bool is_lost() const;
  void on_signal();
  void reload();
  void refuse_reload(const Error& error);
  void renew_web_access();
  void apply(const Config& config);
  void tell_who_mounts(const Config& config);
  [[nodiscard]] std::chrono::milliseconds time_to_wait(bool has_more);
  [[nodiscard]] ContainersHost host();
  [[nodiscard]] ApiServerOptions server_options();

  // Members are destroyed bottom up: requests stop before what they call.
  CommandLine command_line_;
  Config config_;
  Counters counters_;
  Readiness readiness_;
  Reports reports_;
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
  UniqueFd state_directory_;
  LogReporter reporter_;
  EventStream events_;
  PidfdExitWatch exits_;
  EngineOptions options_;
  Engine engine_;
  NodeReports node_reports_;
  CarryWait carry_wait_;
  std::unique_ptr<Mailbox> mailbox_;
  LoopService service_;
  Confinement confinement_;
  std::unique_ptr<WebAccess> web_;
  ApiServer server_;
  Presence presence_;
  Nap nap_;
  std::string missing_;  // what of our presence is missing; empty: nothing
  int seconds_missing_ = 0;
  bool has_told_start_ = false;  // to the service manager
  std::string hidden_because_;   // empty: other processes are seen
  bool is_napping_ = false;
  bool is_stopping_ = false;
};

}  // namespace netclsd
