#include "agent/carry/carry_report.h"

#include <algorithm>
#include <limits>
#include <optional>
#include <utility>

#include "common/base/text.h"
#include "common/json/fields.h"

namespace netclsd {
namespace {

constexpr std::uint64_t kCarryReportVersion = 1;
constexpr std::size_t kCarryTextMax_bytes = 512;
constexpr std::size_t kInterfaceMax_bytes = 32;     // the kernel's limit is 15
constexpr std::size_t kContainersReadMax = 20'000;  // a node has hundreds
constexpr std::size_t kCarriersReadMax = 64;        // of one container
constexpr std::size_t kClassesReadMax = 65'536;     // all that the carrier's map has room for
constexpr std::uint64_t kInterfaceIndexMax = std::numeric_limits<std::int32_t>::max();
constexpr std::uint64_t kClassidMax = std::numeric_limits<std::uint32_t>::max();

// Where things are in the report: {"counts": [{"id": …}], "containers": [{"carriers": [{…}]}]}.
constexpr int kListDepth = 1;
constexpr int kEntryDepth = 2;
constexpr int kDepthMax = 4;

Traffic read_traffic(FieldReader& fields) {
  return {.packets = fields.number("packets", kAnyNumber).value_or(0),
          .bytes = fields.number("bytes", kAnyNumber).value_or(0),
          .by_fallback = fields.number("by_fallback", kAnyNumber).value_or(0)};
}

// An older carrier does not tell all of it.
CarriedInterfaceView read_interface(const Json& carrier) {
  FieldReader fields(carrier);
  return {.interface = printable(fields.text("interface"), kInterfaceMax_bytes),
          .how = printable(fields.text("how"), kInterfaceMax_bytes),
          .ifindex = static_cast<std::uint32_t>(fields.number("ifindex", kInterfaceIndexMax).value_or(0)),
          .xdp = printable(fields.text("xdp"), kInterfaceMax_bytes),
          .before = fields.number("before_us", kAnyNumber),
          .after = fields.number("after_us", kAnyNumber)};
}

// Takes the entries of the lists, one after the other.
class EntryReader {
 public:
  explicit EntryReader(CarryReport& report) : report_(report) {}

  void take(const std::string& list, const Json& entry) {
    if (error_) return;
    FieldReader fields(entry);
    if (list == "containers") take_container(fields, entry);
    if (list == "counts") take_count(fields);
    if (list == "past") take_traffic(fields);
    if (fields.failed() && !error_) error_ = fields.first_failure().value().message();
    if (error_) error_->insert(0, list + ": ");
  }

  // After the last one.
  Result<void> finish() {
    if (error_) return invalid(*error_);
    for (auto& [id, sent] : sent_) {
      if (const auto found = report_.containers.find(id); found != report_.containers.end()) found->second.sent = sent;
    }
    return {};
  }

 private:
  std::optional<ContainerId> read_id(const std::string& text) {
    auto id = ContainerId::parse(text);
    if (id) return *std::move(id);
    if (!error_) error_ = id.error().message();
    return std::nullopt;
  }

  void take_container(FieldReader& fields, const Json& entry) {
    const auto id = read_id(fields.required_text("id"));
    if (!id || report_.containers.size() == kContainersReadMax) return;
    CarriedView view{.problem = printable(fields.text("problem"), kCarryTextMax_bytes)};
    if (const auto list = entry.find("carriers"); list != entry.end() && list->is_array()) {
      for (const Json& each : *list) {
        if (view.carriers.size() == kCarriersReadMax) break;
        view.carriers.push_back(read_interface(each));
      }
    }
    if (!view.carriers.empty()) view.sent.emplace();
    if (!view.problem.empty()) ++report_.without_carrier;
    add_lesser_problems(fields, view);
    report_.containers.insert_or_assign(*id, std::move(view));
  }

  // Of several problems the worst is shown.
  void add_lesser_problems(FieldReader& fields, CarriedView& view) {
    const auto differing = fields.number("differs.classid", kClassidMax);
    const auto classid = ClassId::from_raw(static_cast<std::uint32_t>(differing.value_or(0)));
    if (classid) ++report_.differing;
    if (classid && view.problem.empty()) {
      view.problem = "its sockets have had class " + to_string(*classid) + " for " +
                     std::to_string(fields.number("differs.seconds", kAnyNumber).value_or(0)) + " s";
    }
    if (view.problem.empty()) view.problem = printable(fields.text("no_fallback"), kCarryTextMax_bytes);
  }

  void take_count(FieldReader& fields) {
    const Traffic traffic = take_traffic(fields);
    const std::string text = fields.text("id");
    if (text.empty()) return;
    const auto id = read_id(text);
    if (!id || (sent_.size() == kContainersReadMax && !sent_.contains(*id))) return;
    sent_[*id] += traffic;
  }

  Traffic take_traffic(FieldReader& fields) {
    const auto classid = static_cast<std::uint32_t>(fields.required_number("classid", kClassidMax));
    const Traffic traffic = read_traffic(fields);
    if (report_.traffics.size() < kClassesReadMax || report_.traffics.contains(classid)) {
      report_.traffics[classid] += traffic;
    }
    return traffic;
  }

  CarryReport& report_;
  std::map<ContainerId, Traffic> sent_;
  std::optional<std::string> error_;
};

// What is left of the text after the lists' entries were taken out of it. What lies deeper than we know is not kept.
Json parse_without_entries(std::string_view text, EntryReader& entries) {
  std::string list;
  return Json::parse(
      text,
      [&](int depth, Json::parse_event_t event, Json& parsed) {
        using Event = Json::parse_event_t;
        if (event == Event::key && depth == kListDepth) list = parsed.get_ref<const std::string&>();
        if (event == Event::object_start || event == Event::array_start) return depth <= kDepthMax;
        if (event != Event::object_end || depth != kEntryDepth) return true;
        entries.take(list, parsed);
        return false;
      },
      false);
}

std::optional<CarryState> parse_state(std::string_view text) {
  for (const CarryState each : {CarryState::kOk, CarryState::kDegraded, CarryState::kFailed}) {
    if (text == kCarryStates[static_cast<std::size_t>(each)]) return each;
  }
  return std::nullopt;
}

Result<void> read_head(const Json& object, CarryReport& report) {
  FieldReader fields(object);
  const auto version = fields.required_number("version", kAnyNumber);
  const auto pid = static_cast<std::int32_t>(fields.required_number("pid", kPidMax));
  report.carrier = {Pid{pid}, StartTime{fields.required_number("start_time", kAnyNumber)}};
  report.message = printable(fields.text("message"), kCarryTextMax_bytes);
  report.kernel = printable(fields.text("kernel"));
  report.is_cut = fields.flag("cut");
  report.totals = {.attached = fields.number("totals.attached", kAnyNumber).value_or(0),
                   .repairs = fields.number("totals.repairs", kAnyNumber).value_or(0),
                   .differing = fields.number("totals.differing", kAnyNumber).value_or(0),
                   .uncounted = fields.number("totals.uncounted", kAnyNumber).value_or(0),
                   .failures = fields.number("totals.failures", kAnyNumber).value_or(0)};
  const std::string text = fields.required_text("state");
  if (fields.failed()) return fields.first_failure();
  if (version != kCarryReportVersion) return invalid("version is not " + std::to_string(kCarryReportVersion));
  if (pid == 0) return invalid("pid is 0");
  const auto state = parse_state(text);
  if (!state) return invalid("state is " + in_quotes(text) + ", which is not known");
  report.state = *state;
  return {};
}

}  // namespace

Result<CarryReport> parse_carry_report(std::string_view text) {
  if (text.empty()) return invalid("the report is empty");
  CarryReport report;
  EntryReader entries(report);
  const Json object = parse_without_entries(text, entries);
  if (object.is_discarded() || !object.is_object()) return invalid("the report is not a JSON object");
  if (auto read = read_head(object, report); !read) return pass_on(read.error());
  if (auto finished = entries.finish(); !finished) return pass_on(finished.error());
  return report;
}

CarryState state_now(const CarryReport& report, bool is_alive) {
  return is_alive || report.state == CarryState::kFailed ? report.state : CarryState::kGone;
}

CarryView view_of(const CarryReport& report, bool is_alive) {
  const CarryState state = state_now(report, is_alive);
  return {.state = kCarryStates[static_cast<std::size_t>(state)],
          .message = state == CarryState::kGone ? "the carrier does not run" : report.message,
          .kernel = report.kernel,
          .carriers = report.totals.attached,
          .repairs = report.totals.repairs,
          .differing = report.totals.differing,
          .uncounted = report.totals.uncounted};
}

namespace {

void set_state(std::optional<CarryState> now, Counters& counters) {
  counters.carry_reported.set(now ? 1 : 0);
  for (std::size_t i = 0; i < kCarryStates.size(); ++i) {
    const auto state = static_cast<CarryState>(i);
    counters.carry_state[state].set(state == now ? 1 : 0);
  }
}

void set_totals(const CarryTotals& totals, Counters& counters) {
  counters.carriers_repaired.set(totals.repairs);
  counters.carry_failures.set(totals.failures);
  counters.carry_differing_packets.set(totals.differing);
  counters.carry_uncounted_packets.set(totals.uncounted);
}

}  // namespace

void count_carry(const CarryReport& report, bool is_alive, Counters& counters) {
  set_state(state_now(report, is_alive), counters);
  counters.carriers.set(report.totals.attached);
  counters.containers_without_carrier.set(report.without_carrier);
  counters.containers_differing.set(report.differing);
  if (report.state == CarryState::kFailed && report.traffics.empty()) return;
  set_totals(report.totals, counters);
  // Of lists that are cut the sums would go back.
  if (!report.is_cut) counters.class_traffic.set(report.traffics);
}

void count_no_carry(bool is_unreadable, Counters& counters) {
  set_state(is_unreadable ? std::optional(CarryState::kUnreadable) : std::nullopt, counters);
  if (is_unreadable) return;
  counters.carriers.set(0);
  counters.containers_without_carrier.set(0);
  counters.containers_differing.set(0);
  set_totals({}, counters);
  counters.class_traffic.set(std::nullopt);
}

}  // namespace netclsd
