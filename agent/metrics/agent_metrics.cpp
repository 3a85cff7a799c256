#include "agent/metrics/agent_metrics.h"

#include <netclsd_version.h>
#include <prometheus/text_serializer.h>

#include <iterator>
#include <limits>
#include <map>
#include <string>
#include <utility>

#include "agent/metrics/process_metrics.h"

namespace netclsd {
namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;

MetricFamily family(const char* name, const char* help, MetricType type) {
  return {std::string(kMetricPrefix) + name, help, type, {}};
}

MetricFamily gauge(const char* name, const char* help, const Count& count) {
  MetricFamily made = family(name, help, MetricType::Gauge);
  made.metric.emplace_back().gauge.value = static_cast<double>(count.value());
  return made;
}

MetricFamily counter(const char* name, const char* help, const Count& count) {
  MetricFamily made = family(name, help, MetricType::Counter);
  made.metric.emplace_back().counter.value = static_cast<double>(count.value());
  return made;
}

template <typename Label, std::size_t N>
MetricFamily counters_by(const char* name, const char* help, const char* label,
                         const std::array<const char*, N>& values, const LabelledCount<Label>& counts) {
  static_assert(N == LabelledCount<Label>::size(), "every label value has a name");
  MetricFamily made = family(name, help, MetricType::Counter);
  for (std::size_t i = 0; i < N; ++i) {
    ClientMetric& metric = made.metric.emplace_back();
    metric.label = {{label, values[i]}};
    metric.counter.value = static_cast<double>(counts[static_cast<Label>(i)].value());
  }
  return made;
}

// With `exported`: only the values for which that is not 0.
template <typename Label, std::size_t N>
MetricFamily gauges_by(const char* name, const char* help, const char* label, const std::array<const char*, N>& values,
                       const LabelledCount<Label>& gauges, const LabelledCount<Label>* exported = nullptr) {
  static_assert(N == LabelledCount<Label>::size(), "every label value has a name");
  MetricFamily made = family(name, help, MetricType::Gauge);
  for (std::size_t i = 0; i < N; ++i) {
    if (exported != nullptr && (*exported)[static_cast<Label>(i)].value() == 0) continue;
    ClientMetric& metric = made.metric.emplace_back();
    metric.label = {{label, values[i]}};
    metric.gauge.value = static_cast<double>(gauges[static_cast<Label>(i)].value());
  }
  return made;
}

MetricFamily counters_by_name(const char* name, const char* help, const char* label, const NamedCounts& counts) {
  MetricFamily made = family(name, help, MetricType::Counter);
  for (std::size_t i = 0; i < counts.size(); ++i) {
    ClientMetric& metric = made.metric.emplace_back();
    metric.label = {{label, counts.name(i)}};
    metric.counter.value = static_cast<double>(counts.value(i));
  }
  return made;
}

double upper_bound_seconds(std::size_t bucket) {
  const auto& bounds_us = LatencyHistogram::kBounds_us;
  return bucket < bounds_us.size() ? bounds_us[bucket] / 1e6 : std::numeric_limits<double>::infinity();
}

MetricFamily histogram(const char* name, const char* help, const LatencyHistogram& latencies) {
  MetricFamily made = family(name, help, MetricType::Histogram);
  auto& out = made.metric.emplace_back().histogram;
  // The count is the buckets' sum, not a counter of its own: the loop may be observing meanwhile, and a scrape whose
  // +Inf bucket and count differ is malformed.
  for (std::size_t i = 0; i <= LatencyHistogram::kBounds_us.size(); ++i) {
    out.sample_count += latencies.in_bucket(i);
    out.bucket.push_back({out.sample_count, upper_bound_seconds(i)});
  }
  out.sample_sum = latencies.sum_seconds();
  return made;
}

MetricFamily class_containers(const ClassGauges& classes) {
  MetricFamily made = family("class_containers", "Registered containers of each class.", MetricType::Gauge);
  for (const ClassRow& row : classes.rows()) {
    ClientMetric& metric = made.metric.emplace_back();
    metric.label = {{"class", row.name}, {"classid", row.classid}};
    metric.gauge.value = static_cast<double>(row.containers);
  }
  return made;
}

// Only where a plugin has reported: elsewhere nobody misses one.
MetricFamily nri_connected(const Counters& c) {
  MetricFamily made =
      gauge("nri_connected", "1 while the NRI plugin is connected to the container runtime.", c.nri_connected);
  if (c.nri_reported.value() == 0) made.metric.clear();
  return made;
}

// `direction`: of what a pod has sent; empty: without that label.
MetricFamily counters_by_class(const char* name, const char* help, const char* direction,
                               const std::map<std::string, Traffic>& rows, std::uint64_t Traffic::*count) {
  MetricFamily made = family(name, help, MetricType::Counter);
  for (const auto& [label, traffic] : rows) {
    ClientMetric& metric = made.metric.emplace_back();
    metric.label = {{"class", label}};
    if (*direction != '\0') metric.label.push_back({"direction", direction});
    metric.counter.value = static_cast<double>(traffic.*count);
  }
  return made;
}

// Gauges only where a carrier has reported, as with the plugin.
void add_carry(std::vector<MetricFamily>& families, const Counters& c) {
  const auto rows = c.class_traffic.rows(c.classes.names());
  const auto add_if_reported = [&](MetricFamily made) {
    if (c.carry_reported.value() == 0) made.metric.clear();
    families.push_back(std::move(made));
  };
  add_if_reported(gauges_by("carry_state", "1 for the carrier's state, as last reported or found out.", "state",
                            kCarryStates, c.carry_state));
  add_if_reported(gauge("carriers", "Interfaces at which the class of packets is carried.", c.carriers));
  add_if_reported(gauge("containers_without_carrier", "Containers with an interface that cannot be carried.",
                        c.containers_without_carrier));
  add_if_reported(gauge("containers_differing", "Containers whose sockets have had another class for long.",
                        c.containers_differing));
  families.push_back(counter("carriers_repaired_total", "Carriers that somebody removed, and that were put back.",
                             c.carriers_repaired));
  families.push_back(
      counter("carry_failures_total", "Failures of putting carriers there and of taking them back.", c.carry_failures));
  families.push_back(counter("carry_differing_packets_total",
                             "Packets whose socket and cgroup named different classes.", c.carry_differing_packets));
  families.push_back(counter("carry_uncounted_packets_total",
                             "Packets that were carried and that no count had room for.", c.carry_uncounted_packets));
  families.push_back(counter("carry_late_total",
                             "Registrations that were answered before the carrier had looked at them.", c.carry_late));
  families.push_back(counters_by_class("class_packets_total", "Packets that pods have sent, by class.", "egress", rows,
                                       &Traffic::packets));
  families.push_back(
      counters_by_class("class_bytes_total", "Bytes that pods have sent, by class.", "egress", rows, &Traffic::bytes));
  families.push_back(counters_by_class("class_fallback_packets_total",
                                       "Packets of them whose class only the sender's cgroup told.", "", rows,
                                       &Traffic::by_fallback));
}

MetricFamily build_info() {
  MetricFamily made = family("build_info", "1, labelled with what was built.", MetricType::Gauge);
  ClientMetric& metric = made.metric.emplace_back();
  metric.label = {{"version", kVersion}, {"revision", kRevision}};
  metric.gauge.value = 1;
  return made;
}

}  // namespace

std::vector<MetricFamily> collect_agent_metrics(const Counters& c) {
  std::vector<MetricFamily> families = {
      build_info(),
      gauge("ready", "1 when subscribed, events are proven to arrive and the first sweep is done.", c.ready),
      gauge("containers", "Registered containers.", c.containers),
      class_containers(c.classes),
      gauge("processes", "Live member processes of registered containers.", c.processes),
      counters_by("events_total", "Process events received, by kind.", "event", kEventLabels, c.events),
      counter("events_dropped_total", "Event messages the kernel says it dropped on our socket.", c.events_dropped),
      counter("overruns_total", "Episodes in which the kernel dropped event messages.", c.overruns),
      counters_by("moves_total", "Processes moved into their container's group, by what showed them.", "cause",
                  kMoveCauses, c.moves),
      counters_by("move_failures_total", "Moves that failed; gone: the process had ended, which is ordinary.", "reason",
                  kMoveFailures, c.move_failures),
      gauge("early_moves_forbidden",
            "1 if the kernel crashes when a process is moved while it is being forked, so that children wait.",
            c.early_moves_forbidden),
      counter("examinations_put_off_total", "Examinations of processes that were still being forked, to be done later.",
              c.examinations_put_off),
      counter("strays_repaired_total", "Members found outside of their group by a sweep and placed.",
              c.strays_repaired),
      counter("groups_repaired_total", "Groups found without their classid, or gone, by a sweep and repaired.",
              c.groups_repaired),
      counter("sockets_tagged_again_total",
              "Classes written once more after a late registration, for connections that waited to be accepted.",
              c.sockets_tagged_again),
      counters_by("sweeps_total", "Comparisons of all of /proc with the registrations, by cause.", "cause",
                  kSweepCauses, c.sweeps),
      histogram("sweep_duration_seconds", "How long sweeps took.", c.sweep_duration),
      histogram("move_latency_seconds", "From the event's kernel timestamp to the finished move.", c.move_latency),
      counters_by("registrations_total", "Containers registered, by who brought them.", "source", kSourceLabels,
                  c.registrations),
      counters_by_name("hook_registrations_total", "Containers registered by a hook, by the hook's version.", "version",
                       c.hook_registrations),
      gauges_by("hook_installed", "1 if that container runtime will call the hook, as last reported; 0 if not.",
                "runtime", kHookRuntimes, c.hook_installed, &c.hook_reported),
      gauges_by("hook_state", "1 for what the hook's installation last reported; all 0 if there is no report.", "state",
                kHookStates, c.hook_state),
      nri_connected(c),
      counters_by("nri_requests_total", "What the container runtime told the NRI plugin.", "event", kNriRequests,
                  c.nri_requests),
      counter("nri_reconnects_total", "Connections of the NRI plugin after its first one.", c.nri_reconnects),
      counter("nri_timeouts_total", "Requests that the NRI plugin answered later than the runtime waits.",
              c.nri_timeouts),
      histogram("nri_request_duration_seconds", "How long a start waited for the NRI plugin.", c.nri_durations),
      counters_by("registration_failures_total", "Registrations refused or failed.", "reason", kRegistrationFailures,
                  c.registration_failures),
      counters_by("policy_refusals_total", "Containers that may not have the class they ask for, by why not.", "reason",
                  kRefusalReasons, c.policy_refusals),
      counter("canary_misses_total", "Own test events that were not heard.", c.canary_misses),
      counter("resubscriptions_total", "New subscriptions to process events after the stream had died.",
              c.resubscriptions),
      gauge("receive_buffer_bytes", "The event socket's receive buffer as the kernel accounts it.",
            c.receive_buffer_bytes),
      gauge("receive_buffer_events", "How many events that buffer holds, measured; 0: not measured yet.",
            c.receive_buffer_events),
      counter("config_reloads_total", "Configurations taken over on SIGHUP.", c.config_reloads),
      counter("config_reload_failures_total", "Configurations refused on SIGHUP; the old one stayed.",
              c.config_reload_failures),
  };
  add_carry(families, c);
  return families;
}

std::string render_metrics(const Counters& counters) {
  auto families = collect_agent_metrics(counters);
  auto process = collect_process_metrics();
  families.insert(families.end(), std::make_move_iterator(process.begin()), std::make_move_iterator(process.end()));
  return prometheus::TextSerializer().Serialize(families);
}

std::vector<std::pair<std::string, std::uint64_t>> list_counters(const Counters& counters) {
  std::vector<std::pair<std::string, std::uint64_t>> list;
  for (const auto& family : collect_agent_metrics(counters)) {
    if (family.type != prometheus::MetricType::Counter) continue;
    for (const auto& metric : family.metric) {
      std::string name = family.name.substr(kMetricPrefix.size());
      std::string labels;
      for (const auto& label : metric.label) {
        labels += (labels.empty() ? "" : ",") + label.name + "=\"" + label.value + "\"";
      }
      if (!labels.empty()) name += "{" + labels + "}";
      list.emplace_back(std::move(name), static_cast<std::uint64_t>(metric.counter.value));
    }
  }
  return list;
}

}  // namespace netclsd
