#include <compare>

#include "cli/doctor/answers.h"
#include "cli/doctor/checks.h"
#include "common/base/text.h"
#include "netclsd_version.h"

namespace netclsd::cli {
namespace {

constexpr std::uint64_t kNetAdmin = 1U << 12U;  // CAP_NET_ADMIN
constexpr Version kListensWithoutCapability{6, 6, 0};

std::optional<std::uint64_t> status_number(const Json& status, std::string_view path) {
  return FieldReader(status).number(path, kAnyNumber);
}

// A counter's name has dots for FieldReader's paths in it nowhere, but it is found by its name alone.
std::uint64_t counter(const Json& status, const char* name) {
  const auto counters = status.find("counters");
  if (counters == status.end() || !counters->is_object()) return 0;
  const auto found = counters->find(name);
  return found != counters->end() && found->is_number_unsigned() ? found->get<std::uint64_t>() : 0;
}

std::string reasons_in(const Json& status) {
  const auto reasons = status.find("not_ready_because");
  return reasons == status.end() ? "no reason given" : printable(dump(*reasons), kMessageMax_bytes);
}

}  // namespace

Finding judge_agent(const HostFacts& facts) {
  if (!facts.agent_status) {
    return fail(printable(facts.agent_status.error().message(), kMessageMax_bytes),
                "start it (systemctl start netclsd), or name its socket (--socket)");
  }
  const auto ready = facts.agent_status->find("ready");
  if (ready != facts.agent_status->end() && *ready == true) {
    return ok("ready, version " + status_text(facts.agent_status, "version"));
  }
  return warn("reachable but not ready: " + reasons_in(*facts.agent_status),
              "docs/operations.md, NetclsdNotReady, says what to do for each reason");
}

Finding judge_capabilities(const HostFacts& facts) {
  if (!facts.agent_status) return not_known();
  if (!facts.agents_place || !facts.agents_place->capabilities) {
    return ok("not known: the agent's process cannot be seen from here");
  }
  const std::uint64_t held = *facts.agents_place->capabilities;
  const auto release = parse_version(facts.kernel_release, 2);
  if ((held & ~kNetAdmin) != 0) {
    return warn("the agent has more than it needs", "start it anew: it gives up all but CAP_NET_ADMIN at its start");
  }
  if (held != 0) return ok("the agent has CAP_NET_ADMIN alone");
  if (release && *release < kListensWithoutCapability) {
    return fail("the agent has none, and this kernel wants CAP_NET_ADMIN of whoever listens to process events",
                "start it with CAP_NET_ADMIN");
  }
  return ok("the agent has none, and needs none");
}

Finding judge_canary(const HostFacts& facts) {
  if (!facts.agent_status) return not_known();
  const auto round_trip = facts.agent_status->find("canary_round_trip_us");
  if (round_trip == facts.agent_status->end()) return ok("not known: this agent does not tell");
  const auto took = status_number(*facts.agent_status, "canary_round_trip_us");
  if (!took) {
    return fail("process events do not arrive: the agent did not hear the last one of its own",
                "docs/operations.md, NetclsdDeaf; the agent subscribes again once a second");
  }
  const std::uint64_t missed = counter(*facts.agent_status, "canary_misses_total");
  return ok("the agent heard its own last event after " + std::to_string(*took) + " microseconds" +
            (missed == 0 ? "" : "; since its start it missed " + std::to_string(missed)));
}

Finding judge_receive_buffer(const HostFacts& facts) {
  if (!facts.agent_status) return not_known();
  const std::uint64_t bytes = status_number(*facts.agent_status, "receive_buffer_bytes").value_or(0);
  const std::uint64_t asked = status_number(*facts.agent_status, "receive_buffer_asked_bytes").value_or(0);
  const std::uint64_t events = status_number(*facts.agent_status, "receive_buffer_events").value_or(0);
  const std::string holds = events == 0 ? "" : ", which hold " + std::to_string(events) + " events";
  if (bytes >= asked) return ok(std::to_string(bytes) + " bytes" + holds);
  return warn(
      std::to_string(bytes) + " of " + std::to_string(asked) + " bytes" + holds + ": events are lost in smaller storms",
      "start the agent with CAP_NET_ADMIN, or raise net.core.rmem_max; then start it anew");
}

Finding judge_versions(const HostFacts& facts) {
  if (!facts.agent_status) return not_known();
  const std::string agents = status_text(facts.agent_status, "version");
  std::string others;
  const auto compare = [&](const char* program, const std::string& version) {
    if (version.empty() || version == agents) return;
    others += (others.empty() ? "" : ", ") + std::string(program) + " " + printable(version);
  };
  compare("netclsctl", kVersion);
  compare("the hook", facts.hook ? facts.hook->version : "");
  compare("the NRI plugin", status_text(facts.agent_status, "nri.version"));
  if (others.empty()) return ok("all are the agent's, " + agents);
  return warn("the agent is of version " + agents + ", and of others are: " + others,
              "install them of one version; for the hook: netclsctl hook install");
}

Finding judge_spool(const HostFacts& facts) {
  if (!facts.spool_entries) {
    return warn(printable(facts.spool_entries.error().message(), kMessageMax_bytes), "run it as root");
  }
  if (*facts.spool_entries == 0) return ok("no registration waits");
  return warn(std::to_string(*facts.spool_entries) + " waiting: the agent was away when these containers started",
              "start the agent, which takes them up; if it runs, its log says why not (spool_entry_waits)");
}

}  // namespace netclsd::cli
