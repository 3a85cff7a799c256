#include "carry/options.h"

#include <netclsd_version.h>

#include <CLI/CLI.hpp>
#include <sstream>

#include "agent/config/config.h"

namespace netclsd::carry {
namespace {

constexpr int kWrongUsage = 2;

constexpr const char* kDescription =
    "Carries the class of a packet's socket over the veth, into the packet's mark or priority, for the containers that "
    "the\n"
    "agent has registered; and counts packets by class. Does nothing unless the agent's configuration has the key "
    "\"carry\".";

constexpr const char* kExamples =
    "Examples:\n"
    "  netclsd-carrier                          with the agent's /etc/netclsd/config.json\n"
    "  netclsd-carrier --config ./config.json --bpffs /run/netclsd-bpf\n"
    "  kill -HUP $(pidof netclsd-carrier)       reads the file again\n"
    "  netclsd-carrier --clean-up               takes everything back that carriers have attached and pinned\n"
    "\nIt ends on SIGTERM, and leaves all in place: packets are marked on, and counted.\n"
    "Exit codes: 0 done, 1 failed, 2 wrong usage, 3 --clean-up could not take all back.";

bool is_absolute(const std::optional<std::string>& path) { return !path || path->starts_with('/'); }

}  // namespace

std::variant<CarryOptions, EarlyExit> parse_carry_options(int argc, const char* const* argv) {
  CarryOptions options;
  CLI::App app(kDescription, "netclsd-carrier");
  app.footer(kExamples);
  app.add_option("--config", options.config_file,
                 std::string("the agent's configuration (default ") + kDefaultConfigFile + ")")
      ->type_name("FILE");
  app.add_option("--state-dir", options.state_dir, "the agent's state directory (default: that of the configuration)")
      ->type_name("DIR");
  app.add_option("--bpffs", options.bpffs, "where a BPF file system is mounted (default /sys/fs/bpf)")
      ->type_name("DIR");
  app.add_flag("--clean-up", options.cleans_up, "take back everything, and exit");
  app.set_version_flag("--version", std::string("netclsd-carrier ") + kVersion + " (" + kRevision + ")");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    std::ostringstream out;
    const int code = app.exit(error, out, out);
    return EarlyExit{code == 0 ? 0 : kWrongUsage, out.str()};
  }
  if (!is_absolute(options.bpffs) || !is_absolute(options.state_dir)) {
    return EarlyExit{kWrongUsage, "netclsd-carrier: --bpffs and --state-dir are absolute paths\n"};
  }
  return options;
}

}  // namespace netclsd::carry
