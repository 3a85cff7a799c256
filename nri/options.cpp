#include "nri/options.h"

#include <algorithm>

#include "common/base/text.h"

namespace netclsd::nri {
namespace {

Result<void> set_name(std::string& name, std::string_view value) {
  constexpr std::size_t kNameMax = 63;
  constexpr std::string_view kAllowed = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.";
  if (value.empty() || value.size() > kNameMax || value.find_first_not_of(kAllowed) != std::string_view::npos) {
    return invalid("--name " + in_quotes(value) + " is not a name of 1 to 63 letters, digits, '-', '_' and '.'");
  }
  name = value;
  return {};
}

Result<void> set_index(std::string& index, std::string_view value) {
  if (value.size() != 2 || !parse_unsigned(value)) {
    return invalid("--index " + in_quotes(value) + " is not two digits, such as 10");
  }
  index = value;
  return {};
}

Result<void> set_option(NriOptions& options, std::string_view name, std::string_view value) {
  if (name == "--nri-socket") return hook::set_text(options.nri_socket, name, value);
  if (name == "--name") return set_name(options.name, value);
  if (name == "--index") return set_index(options.index, value);
  if (name == "--socket") return hook::set_text(options.socket, name, value);
  if (name == "--spool") return hook::set_text(options.spool, name, value);
  if (name == "--mount") return hook::set_mount(options.mount, value);
  if (name == "--report") return hook::set_text(options.report, name, value);
  if (name == "--log-file") return hook::set_text(options.log_file, name, value);
  if (name == "--timeout") return hook::set_timeout(options.timeout, value);
  if (name == "--on-failure") return hook::set_on_failure(options.on_failure, value);
  if (name == "--deny-exempt-namespace") {
    return hook::set_text(options.deny_exempt_namespaces.emplace_back(), name, value);
  }
  if (name == "--seccomp") return hook::set_seccomp(options.seccomp, value);
  return invalid("unknown option " + in_quotes(name));
}

}  // namespace

Result<std::variant<NriOptions, Information>> parse_nri_options(std::span<const std::string_view> arguments) {
  NriOptions options;
  const auto information = hook::read_arguments(
      arguments, [&](std::string_view name, std::string_view value) { return set_option(options, name, value); },
      [](std::string_view word) -> Result<void> { return invalid("unknown argument " + in_quotes(word)); });
  if (!information) return pass_on(information.error());
  if (*information) return **information;
  return options;
}

std::string nri_help() {
  return R"(Usage: netclsd-nri [OPTIONS]

An NRI plugin for containerd (1.7.16 or newer) and CRI-O (1.36 or newer), beside the netclsd agent. It sees each
container before its first instruction, and the agent puts the container's init process into its network class. It
needs no entry in the runtime's configuration beyond NRI itself, and changes no container. It runs until SIGTERM, and
connects anew for ever when the runtime ends the connection. containerd older than 1.7.16 ends it with status 1.

Options:
  --nri-socket PATH             the runtime's socket (default /run/nri/nri.sock)
  --name NAME                   the plugin's name (default netclsd)
  --index NN                    its place among the plugins, 00 to 99 (default 10)
  --socket PATH                 the agent's socket (default /run/netclsd/agent.sock)
  --spool DIR                   where to leave a registration when the agent is away (default /run/netclsd/spool)
  --mount DIR                   where to mount net_cls if a container needs it and it is not mounted yet (default
                                /run/netclsd/net_cls); needs CAP_SYS_ADMIN, see net_cls.keep_mounted of the agent
  --timeout TIME                for the agent's answer while a container waits, 10ms to 1m (default 1s); never more
                                than half of what the runtime grants (usually 2s)
  --on-failure allow|deny       whether a container starts if it could not get its class (default allow)
  --deny-exempt-namespace NS    pods of this namespace always start (repeatable); * matches any characters, ? one
  --report FILE                 what the agent shows of the plugin in its status and metrics (default
                                /run/netclsd/nri.json)
  --log-file FILE               append each line of the log to this file, too
  --seccomp kill|refuse|log|off
                                a system call that no plugin needs: end the plugin; let the call fail; allow it, and
                                have the kernel log it; allow it (default kill: containers then start without it)
  --help, --version

Exit status: 0 after SIGTERM or SIGINT; 1 this runtime cannot be used; 2 wrong usage.

Examples:
  netclsd-nri
  netclsd-nri --nri-socket /var/run/nri/nri.sock --on-failure deny --deny-exempt-namespace kube-system
)";
}

}  // namespace netclsd::nri
