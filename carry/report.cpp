#include "carry/report.h"

#include <algorithm>
#include <utility>

#include "common/base/text.h"
#include "common/json/fields.h"

namespace netclsd::carry {
namespace {

constexpr int kReportVersion = 1;
constexpr std::string_view kNoTime = "\"written_at\":\"\"";

const char* to_string(Xdp xdp) {
  switch (xdp) {
    case Xdp::kNone:
      return "none";
    case Xdp::kGeneric:
      return "generic";
    case Xdp::kNative:
      return "native";
  }
  return "";
}

OrderedJson to_json(const CarrierView& carrier) {
  OrderedJson json = {
      {"interface", carrier.interface}, {"ifindex", carrier.index}, {"how", to_string(carrier.attachment.how)}};
  json["xdp"] = to_string(carrier.xdp);
  if (carrier.attachment.before) json["before_us"] = *carrier.attachment.before;
  if (carrier.attachment.after) json["after_us"] = *carrier.attachment.after;
  return json;
}

OrderedJson to_json(const ContainerView& container) {
  OrderedJson carriers = OrderedJson::array();
  for (const CarrierView& carrier : container.carriers) carriers.push_back(to_json(carrier));
  OrderedJson json = {{"id", container.id.text()},
                      {"carriers", std::move(carriers)},
                      {"fallback", container.has_fallback},
                      {"problem", container.problem},
                      {"no_fallback", container.no_fallback}};
  if (container.difference) {
    json["differs"] = {{"classid", container.difference->classid.raw()},
                       {"seconds", container.difference->lasted.count()}};
  }
  return json;
}

void add(OrderedJson& json, const Traffic& count) {
  json["packets"] = count.packets;
  json["bytes"] = count.bytes;
  json["by_fallback"] = count.by_fallback;
}

OrderedJson to_json(const CountView& view) {
  OrderedJson json = OrderedJson::object();
  if (view.id) json["id"] = view.id->text();
  json["interface"] = view.interface;
  json["classid"] = view.classid;
  add(json, view.count);
  return json;
}

OrderedJson to_json(const std::pair<const std::uint32_t, Traffic>& past) {
  OrderedJson json = {{"classid", past.first}};
  add(json, past.second);
  return json;
}

// At most so many of them.
template <typename List>
OrderedJson to_list(const List& list, std::size_t entries_max) {
  OrderedJson json = OrderedJson::array();
  for (const auto& entry : list) {
    if (json.size() == entries_max) break;
    json.push_back(to_json(entry));
  }
  return json;
}

// `note` is empty if nothing is cut.
std::string to_text(const ReportContent& content, const ProcessKey& self, const std::string& note,
                    std::size_t entries_max) {
  const OrderedJson totals = {{"attached", content.attached},
                              {"repairs", content.repairs},
                              {"differing", content.totals.differing},
                              {"uncounted", content.totals.uncounted},
                              {"failures", content.failures}};
  return dump({{"version", kReportVersion},
               {"pid", self.pid.value},
               {"start_time", self.start_time.ticks},
               {"written_at", ""},
               {"state", to_string(content.state)},
               {"message", content.message + note},
               {"kernel", content.has_tcx ? "tcx" : "clsact"},
               {"cut", !note.empty()},
               {"containers", to_list(content.containers, entries_max)},
               {"counts", to_list(content.counts, entries_max)},
               {"past", to_list(content.past, entries_max)},
               {"totals", totals}});
}

}  // namespace

const char* to_string(State state) {
  switch (state) {
    case State::kOk:
      return "ok";
    case State::kDegraded:
      return "degraded";
    case State::kFailed:
      return "failed";
  }
  return "";
}

std::string to_json(const ReportContent& content, const ProcessKey& self, std::size_t bytes_max) {
  std::size_t entries_max = std::max({content.containers.size(), content.counts.size(), content.past.size()});
  std::string text = to_text(content, self, "", entries_max);
  while (text.size() > bytes_max && entries_max > 0) {
    entries_max /= 2;
    const std::string note = "; the lists are cut to " + std::to_string(entries_max) + " entries";
    text = to_text(content, self, note, entries_max);
  }
  return text;
}

std::string failed_json(std::string_view before, const std::string& why, const ProcessKey& self) {
  OrderedJson json = OrderedJson::parse(before, nullptr, false);
  if (!json.is_object() || json.value("version", OrderedJson()) != kReportVersion) {
    json = OrderedJson::parse(to_json(ReportContent{}, self, Report::kFileMax_bytes));
  }
  json["pid"] = self.pid.value;
  json["start_time"] = self.start_time.ticks;
  json["written_at"] = "";
  json["state"] = to_string(State::kFailed);
  json["message"] = why;
  return dump(json);
}

Result<void> Report::update(const ReportContent& content, Clock::time_point now) {
  write_again_at_ = now + kPause;
  std::string text = to_json(content, self_, kFileMax_bytes);
  if (text == written_) return {};
  if (auto written = write(text); !written) return written;
  written_ = std::move(text);
  return {};
}

Result<void> Report::say_failed(const std::string& why) {
  const auto before = read_file_at(directory_, kReportName, kFileMax_bytes);
  return write(failed_json(before ? *before : "", why, self_));
}

Result<void> Report::write(const std::string& text) {
  std::string stamped = text;
  stamped.insert(text.find(kNoTime) + kNoTime.size() - 1, format_utc(std::chrono::system_clock::now()));
  return write_atomically_at(directory_, kReportName, stamped, 0600);
}

}  // namespace netclsd::carry
