#include "agent/metrics/process_metrics.h"

#include <unistd.h>

#include <optional>
#include <string_view>

#include "common/base/file.h"
#include "common/base/text.h"

namespace netclsd {
namespace {

using prometheus::MetricFamily;
using prometheus::MetricType;

constexpr std::size_t kFileMax_bytes = 1U << 20;  // /proc/stat has a line per CPU and a long one of interrupts
constexpr std::size_t kOpenFdsMax = 1U << 20;

// Fields of /proc/PID/stat, counted from the one after the command, which may contain spaces and parentheses.
constexpr std::size_t kUserTicks = 11;
constexpr std::size_t kSystemTicks = 12;
constexpr std::size_t kStartTicks = 19;
constexpr std::size_t kVirtualBytes = 20;
constexpr std::size_t kResidentPages = 21;
constexpr std::size_t kFields = 22;

using Stat = std::vector<std::string_view>;

Stat split_stat(std::string_view text) {
  const std::size_t command_end = text.rfind(") ");
  if (command_end == std::string_view::npos) return {};
  return split(text.substr(command_end + 2), ' ');
}

double number(std::string_view text) { return static_cast<double>(parse_unsigned(text).value_or(0)); }

double per_second(double ticks) { return ticks / static_cast<double>(::sysconf(_SC_CLK_TCK)); }

// The number after `key` and blanks, anywhere in the text.
std::optional<double> value_after(std::string_view text, std::string_view key) {
  const std::size_t at = text.find(key);
  if (at == std::string_view::npos) return std::nullopt;
  text.remove_prefix(at + key.size());
  const std::size_t begin = text.find_first_not_of(' ');
  if (begin == std::string_view::npos) return std::nullopt;
  const auto value = parse_unsigned(text.substr(begin, text.find_first_of(" \n", begin) - begin));
  return value ? std::optional(static_cast<double>(*value)) : std::nullopt;
}

void add(std::vector<MetricFamily>& families, const char* name, const char* help, MetricType type, double value) {
  MetricFamily& family = families.emplace_back(MetricFamily{name, help, type, {}});
  auto& metric = family.metric.emplace_back();
  metric.counter.value = value;
  metric.gauge.value = value;
}

void add_usage(std::vector<MetricFamily>& out, const Stat& stat) {
  add(out, "process_cpu_seconds_total", "Total user and system CPU time spent in seconds.", MetricType::Counter,
      per_second(number(stat[kUserTicks]) + number(stat[kSystemTicks])));
  add(out, "process_resident_memory_bytes", "Resident memory size in bytes.", MetricType::Gauge,
      number(stat[kResidentPages]) * static_cast<double>(::sysconf(_SC_PAGESIZE)));
  add(out, "process_virtual_memory_bytes", "Virtual memory size in bytes.", MetricType::Gauge,
      number(stat[kVirtualBytes]));
}

void add_start_time(std::vector<MetricFamily>& out, const Stat& stat, const std::string& proc) {
  const auto text = read_file(proc + "/stat", kFileMax_bytes);
  const auto boot = text ? value_after(*text, "\nbtime") : std::nullopt;
  if (!boot) return;
  add(out, "process_start_time_seconds", "Start time of the process since unix epoch in seconds.", MetricType::Gauge,
      *boot + per_second(number(stat[kStartTicks])));
}

void add_open_fds(std::vector<MetricFamily>& out, const std::string& proc) {
  const auto directory = open_directory(proc + "/self/fd");
  const auto names = directory ? list_names(*directory, kOpenFdsMax) : Result<std::vector<std::string>>{};
  if (!directory || !names) return;
  // Without the one that was opened for listing.
  add(out, "process_open_fds", "Number of open file descriptors.", MetricType::Gauge,
      static_cast<double>(names->size()) - 1);
}

void add_max_fds(std::vector<MetricFamily>& out, const std::string& proc) {
  const auto text = read_file(proc + "/self/limits", kFileMax_bytes);
  const auto soft = text ? value_after(*text, "Max open files") : std::nullopt;
  if (soft) add(out, "process_max_fds", "Maximum number of open file descriptors.", MetricType::Gauge, *soft);
}

}  // namespace

std::vector<MetricFamily> collect_process_metrics(const std::string& proc) {
  std::vector<MetricFamily> families;
  const auto text = read_file(proc + "/self/stat", kFileMax_bytes);
  const Stat stat = text ? split_stat(*text) : Stat{};
  if (stat.size() >= kFields) {
    add_usage(families, stat);
    add_start_time(families, stat, proc);
  }
  add_open_fds(families, proc);
  add_max_fds(families, proc);
  return families;
}

}  // namespace netclsd
