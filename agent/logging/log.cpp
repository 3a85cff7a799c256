#include "agent/logging/log.h"

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <array>
#include <atomic>
#include <chrono>

#include "agent/logging/format.h"

namespace netclsd {
namespace {

constexpr std::array kLevelNames = {"debug", "info", "warning", "error"};
constexpr std::array kFormatNames = {"text", "json"};

std::atomic<LogLevel> least_level = LogLevel::kInfo;
std::atomic<LogFormat> chosen_format = LogFormat::kText;

// spdlog brings the lock and the sink; the line, time stamp included, is ours.
spdlog::logger& logger() {
  static auto instance = [] {
    auto made = std::make_unique<spdlog::logger>("netclsd", std::make_shared<spdlog::sinks::stderr_sink_mt>());
    made->set_pattern("%v");
    made->set_level(spdlog::level::trace);
    made->flush_on(spdlog::level::trace);
    return made;
  }();
  return *instance;
}

template <typename Enum, std::size_t N>
std::optional<Enum> by_name(const std::array<const char*, N>& names, std::string_view text) {
  for (std::size_t i = 0; i < N; ++i) {
    if (names[i] == text) return static_cast<Enum>(i);
  }
  return std::nullopt;
}

}  // namespace

const char* to_string(LogLevel level) { return kLevelNames[static_cast<std::size_t>(level)]; }
std::optional<LogLevel> parse_log_level(std::string_view text) { return by_name<LogLevel>(kLevelNames, text); }
const char* to_string(LogFormat format) { return kFormatNames[static_cast<std::size_t>(format)]; }
std::optional<LogFormat> parse_log_format(std::string_view text) { return by_name<LogFormat>(kFormatNames, text); }

void configure_logging(LogLevel level, LogFormat format) {
  least_level = level;
  chosen_format = format;
}

void set_log_level(LogLevel level) { least_level = level; }

void log_event(LogLevel level, std::string_view event, std::initializer_list<LogField> fields) {
  if (level < least_level.load(std::memory_order_relaxed)) return;
  const LogLine line{std::chrono::system_clock::now(), level, event, {fields.begin(), fields.size()}};
  const std::string text =
      chosen_format.load(std::memory_order_relaxed) == LogFormat::kJson ? format_json(line) : format_text(line);
  logger().log(spdlog::level::info, spdlog::string_view_t(text.data(), text.size()));
}

}  // namespace netclsd
