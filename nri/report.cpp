#include "nri/report.h"

#include <netclsd_version.h>

#include <algorithm>
#include <utility>

#include "common/base/file.h"
#include "common/base/text.h"
#include "common/json/fields.h"
#include "common/proc/proc.h"
#include "hook/placement/init.h"

namespace netclsd::nri {
namespace {

constexpr int kReportVersion = 1;
constexpr std::size_t kFileMax_bytes = 64U << 10;

std::pair<std::string, std::string> directory_and_name(const std::string& file) {
  const std::size_t slash = file.rfind('/');
  if (slash == std::string::npos) return {".", file};
  return {slash == 0 ? "/" : file.substr(0, slash), file.substr(slash + 1)};
}

// Who has written a report. Absent: no plugin has.
std::optional<ProcessKey> writer_of(std::string_view text) {
  const auto object = parse_json_object(text, "the report");
  if (!object) return std::nullopt;
  FieldReader fields(*object);
  const Pid pid{static_cast<std::int32_t>(fields.required_number("pid", kPidMax))};
  const StartTime start_time{fields.required_number("start_time", kAnyNumber)};
  return fields.failed() ? std::nullopt : std::optional(ProcessKey{pid, start_time});
}

}  // namespace

std::optional<StartTime> agents_start_time(const std::string& proc, Pid pid) {
  const auto stat = hook::read_init(proc, pid);
  if (!stat) return std::nullopt;
  return in_initial_time(proc, stat->start_time).value_or(stat->start_time);
}

void Report::note_connected(const std::string& runtime, std::size_t containers) {
  is_connected_ = true;
  runtime_ = runtime;
  message_ = "the runtime had " + std::to_string(containers) + " containers";
  since_ = std::chrono::system_clock::now();
  ++connections_;
  has_changed_ = true;
}

void Report::note_disconnected(const std::string& why) {
  if (!is_connected_ && message_ == why) return;
  if (is_connected_) since_ = std::chrono::system_clock::now();
  is_connected_ = false;
  message_ = why;
  has_changed_ = true;
}

void Report::note_requests(const Requests& requests) {
  if (requests == Requests{}) return;
  requests_.start_container += requests.start_container;
  requests_.post_start_container += requests.post_start_container;
  requests_.synchronize += requests.synchronize;
  has_changed_ = true;
}

void Report::note_start(std::chrono::nanoseconds took, bool is_too_late) {
  const auto us = std::chrono::duration_cast<std::chrono::microseconds>(took).count();
  const auto bound = std::lower_bound(kBounds_us.begin(), kBounds_us.end(), us);
  ++durations_[static_cast<std::size_t>(bound - kBounds_us.begin())];
  duration_ += took;
  timeouts_ += is_too_late ? 1 : 0;
  has_changed_ = true;
}

std::optional<Report::Clock::time_point> Report::due() const {
  if (file_.empty()) return std::nullopt;
  return has_changed_ ? write_again_at_ : look_again_at_;
}

Result<void> Report::update() {
  look_again_at_ = Clock::now() + kLookPause;
  return has_changed_ || is_nobodys() ? write() : Result<void>();
}

bool Report::is_nobodys() const {
  const auto [directory, name] = directory_and_name(file_);
  const auto opened = open_directory(directory);
  if (!opened) return true;
  const auto text = read_own_file_at(*opened, name, kFileMax_bytes);
  if (text && *text == written_) return false;
  const auto writer = text ? writer_of(*text) : std::nullopt;
  return !writer || agents_start_time(proc_, writer->pid) != writer->start_time;
}

Result<void> Report::write() {
  write_again_at_ = Clock::now() + kPause;
  const auto [directory, name] = directory_and_name(file_);
  if (auto made = make_directories(directory, 0700); !made) return made;
  const auto opened = open_directory(directory);
  if (!opened) return pass_on(opened.error());
  std::string text = to_json() + "\n";
  auto written = write_atomically_at(*opened, name, text, 0600);
  has_changed_ = !written;
  if (written) written_ = std::move(text);
  return written;
}

void Report::remove() const {
  if (file_.empty()) return;
  const auto [directory, name] = directory_and_name(file_);
  const auto opened = open_directory(directory);
  if (!opened || read_own_file_at(*opened, name, kFileMax_bytes).value_or("") != written_) return;
  static_cast<void>(remove_file_at(*opened, name));
}

std::string Report::to_json() const {
  OrderedJson json = {{"version", kReportVersion},
                      {"pid", self_.pid.value},
                      {"start_time", self_.start_time.ticks},
                      {"program_version", kVersion},
                      {"state", is_connected_ ? "connected" : "disconnected"},
                      {"runtime", runtime_},
                      {"message", message_},
                      {"since", format_utc(since_)}};
  json["requests"] = {{"start_container", requests_.start_container},
                      {"post_start_container", requests_.post_start_container},
                      {"synchronize", requests_.synchronize}};
  json["reconnects"] = connections_ == 0 ? 0 : connections_ - 1;
  json["timeouts"] = timeouts_;
  json["durations"] = durations_;
  json["duration_ns"] = duration_.count();
  return dump(json);
}

}  // namespace netclsd::nri
