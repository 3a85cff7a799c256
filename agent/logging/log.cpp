#include "agent/logging/log.h"

#include <unistd.h>

#include <spdlog/sinks/base_sink.h>
#include <spdlog/spdlog.h>
#include <array>
#include <atomic>
#include <chrono>
#include <memory>
#include <mutex>

#include "agent/logging/log_line.h"

namespace netclsd {
namespace {

constexpr std::array kLevelNames = {"debug", "info", "warning", "error"};
constexpr std::array kFormatNames = {"text", "json"};

std::atomic<LogLevel> least_level = LogLevel::kInfo;
std::atomic<LogFormat> chosen_format = LogFormat::kText;

std::string format(LogLevel level, std::string_view event, std::span<const LogField> fields) {
  const LogLine line{std::chrono::system_clock::now(), level, event, fields};
  return chosen_format.load(std::memory_order_relaxed) == LogFormat::kJson ? format_json(line) : format_text(line);
}

// The reader of stderr may have stopped reading. Nobody waits for it: neither the loop, nor a worker that holds the
// lock.
class StderrSink : public spdlog::sinks::base_sink<std::mutex> {
 protected:
  void sink_it_(const spdlog::details::log_msg& message) override {
    if (dropped_ > 0 && writer_.write(dropped_line())) dropped_ = 0;
    const std::string line(message.payload.data(), message.payload.size());
    if (dropped_ > 0 || !writer_.write(line + "\n")) ++dropped_;
  }
  void flush_() override {}

 private:
  [[nodiscard]] std::string dropped_line() const {
    const LogField lines{"lines", dropped_};
    return format(LogLevel::kWarning, "log_lines_dropped", {&lines, 1}) + "\n";
  }

  LineWriter writer_{STDERR_FILENO};
  std::uint64_t dropped_ = 0;
};

// Of spdlog we use the lock. The line is ours, time stamp included.
spdlog::logger& logger() {
  static auto instance = [] {
    auto made = std::make_unique<spdlog::logger>("netclsd", std::make_shared<StderrSink>());
    made->set_level(spdlog::level::trace);
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
  const std::string text = format(level, event, {fields.begin(), fields.size()});
  logger().log(spdlog::level::info, spdlog::string_view_t(text.data(), text.size()));
}

std::optional<std::uint64_t> RepeatGuard::admit(std::string_view event, std::string_view key, Time now) {
  const std::lock_guard lock(mutex_);
  if (entries_.size() >= options_.keys_max) forget_expired(now);
  Entry& entry = entry_for({std::string(event), std::string(key)})->second;
  const bool is_first = entry.last_line == Time{};
  if (!is_first && now - entry.last_line < options_.interval) {
    ++entry.held_back;
    return std::nullopt;
  }
  entry.last_line = now;
  return std::exchange(entry.held_back, 0);
}

std::map<RepeatGuard::Key, RepeatGuard::Entry>::iterator RepeatGuard::entry_for(Key key) {
  if (const auto found = entries_.find(key); found != entries_.end()) return found;
  if (entries_.size() >= options_.keys_max) key = {};  // all further keys share this entry
  return entries_.try_emplace(std::move(key)).first;
}

void RepeatGuard::forget_expired(Time now) {
  std::erase_if(entries_, [&](const auto& item) { return now - item.second.last_line >= options_.interval; });
}

}  // namespace netclsd
