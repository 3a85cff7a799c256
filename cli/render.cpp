#include "cli/render.h"

#include <algorithm>

namespace netclsd::cli {
namespace {

std::vector<std::size_t> widths_of(const std::vector<Row>& rows) {
  std::vector<std::size_t> widths;
  for (const Row& row : rows) {
    widths.resize(std::max(widths.size(), row.size()));
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  }
  return widths;
}

std::string line_of(const Row& row, const std::vector<std::size_t>& widths) {
  std::string line;
  for (std::size_t i = 0; i < row.size(); ++i) line.append(row[i]).append(widths[i] - row[i].size() + 2, ' ');
  line.erase(line.find_last_not_of(' ') + 1);
  return line + "\n";
}

}  // namespace

std::string align(const std::vector<Row>& rows) {
  const auto widths = widths_of(rows);
  std::string text;
  for (const Row& row : rows) text += line_of(row, widths);
  return text;
}

namespace {

// Names of processes and classes come from others: they must not contain control characters for the terminal.
std::string harmless(std::string text) {
  for (char& c : text) {
    if (static_cast<unsigned char>(c) < ' ' || c == '\x7f') c = '?';
  }
  return text.empty() ? "-" : text;
}

std::string cell(const Json& object, const char* key) {
  const auto field = object.find(key);
  if (field == object.end() || field->is_null()) return "-";
  if (const auto* text = field->get_ptr<const std::string*>()) return harmless(*text);
  if (const auto* yes = field->get_ptr<const bool*>()) return *yes ? "yes" : "no";
  return dump(*field);
}

const Json& member(const Json& object, const char* key) {
  static const Json kNothing = Json::array();
  const auto field = object.find(key);
  return field == object.end() ? kNothing : *field;
}

struct Line {
  const char* label;
  const char* key;
};

std::string render_lines(const Json& object, std::initializer_list<Line> lines) {
  std::vector<Row> rows;
  for (const Line& line : lines) rows.push_back({line.label, cell(object, line.key)});
  return align(rows);
}

std::string render_members(const Json& members) {
  if (!members.is_array()) return "";
  if (members.empty()) return "\nno processes\n";
  std::vector<Row> rows = {{"PID", "COMMAND", "PLACED"}};
  for (const Json& one : members) rows.push_back({cell(one, "pid"), cell(one, "comm"), cell(one, "placed")});
  return "\n" + align(rows);
}

// One line for each text of the list.
std::string render_texts(const std::string& label, const Json& texts) {
  std::string lines;
  for (const Json& text : texts) {
    if (const auto* line = text.get_ptr<const std::string*>()) lines += label + ": " + harmless(*line) + "\n";
  }
  return lines;
}

// What `netclsctl hook install` reported, if it has.
std::string render_hook(const Json& hook) {
  if (!hook.is_object()) return "";
  std::string text = "\nhook " + cell(hook, "state") + ": " + cell(hook, "message") + "\n";
  const Json& runtimes = member(hook, "runtimes");
  if (!runtimes.is_array() || runtimes.empty()) return text;
  std::vector<Row> rows = {{"RUNTIME", "HOOK", "MESSAGE"}};
  for (const Json& one : runtimes) rows.push_back({cell(one, "runtime"), cell(one, "state"), cell(one, "message")});
  return text + align(rows);
}

// What the NRI plugin says of itself, if one has.
std::string render_nri(const Json& nri) {
  if (!nri.is_object()) return "";
  std::string text = "\nnri " + cell(nri, "state");
  for (const char* detail : {"runtime", "message"}) {
    const std::string value = cell(nri, detail);
    if (!value.empty()) text += (detail == std::string_view("runtime") ? " " : ": ") + value;
  }
  return text + "\n";
}

// What the carrier says of itself, if one has.
std::string render_carry(const Json& carry) {
  if (!carry.is_object()) return "";
  std::string text = "\ncarry " + cell(carry, "state");
  if (const std::string message = cell(carry, "message"); message != "-") text += ": " + message;
  text += "\n";
  return text + render_lines(carry, {{"  carriers", "carriers"},
                                     {"  attached by", "kernel"},
                                     {"  put back", "repairs"},
                                     {"  packets of two classes", "differing"},
                                     {"  packets not counted", "uncounted"}});
}

// What the carrier does for one container, if a carrier knows it.
std::string render_carried(const Json& container) {
  const Json& carriers = member(container, "carriers");
  if (container.find("carriers") == container.end() || !carriers.is_array()) return "";
  std::string interfaces;
  for (const Json& each : carriers) {
    if (!each.is_object()) continue;
    interfaces += (interfaces.empty() ? "" : ", ") + cell(each, "interface") + " (" + cell(each, "how") + ")";
  }
  std::string text = "\ncarried at " + (interfaces.empty() ? "no interface" : interfaces) + "\n";
  if (cell(container, "packets") != "-") {
    text += "sent " + cell(container, "packets") + " packets, " + cell(container, "bytes") + " bytes; " +
            cell(container, "by_fallback") + " packets had their class from the cgroup\n";
  }
  const std::string problem = cell(container, "carry_problem");
  return text + (problem == "-" ? "" : "not carried as it should be: " + problem + "\n");
}

std::string render_counters(const Json& counters) {
  if (!counters.is_object() || counters.empty()) return "";
  std::vector<Row> rows = {{"COUNTER", "VALUE"}};
  for (const auto& [name, value] : counters.items()) rows.push_back({harmless(name), dump(value)});
  return "\n" + align(rows);
}

}  // namespace

std::string render_list(const Json& answer) {
  const Json& containers = member(answer, "containers");
  if (!containers.is_array() || containers.empty()) return "no containers\n";
  std::vector<Row> rows = {{"ID", "CLASSID", "CLASS", "SOURCE", "PID", "PROCESSES", "REGISTERED"}};
  for (const Json& one : containers) {
    rows.push_back({cell(one, "id"), cell(one, "classid"), cell(one, "class"), cell(one, "source"), cell(one, "pid"),
                    cell(one, "processes"), cell(one, "registered_at")});
  }
  return align(rows);
}

std::string render_container(const Json& answer) {
  return render_lines(answer, {{"container", "id"},
                               {"classid", "classid"},
                               {"class", "class"},
                               {"decided by", "class_origin"},
                               {"namespace", "namespace"},
                               {"pod", "pod"},
                               {"rule", "policy_rule"},
                               {"refused", "refused_because"},
                               {"source", "source"},
                               {"init", "pid"},
                               {"group", "group"},
                               {"adopted", "adopted"},
                               {"membership", "membership_path"},
                               {"registered", "registered_at"}}) +
         render_carried(answer) + render_members(member(answer, "processes"));
}

std::string render_process(const Json& answer) {
  return render_lines(answer, {{"pid", "pid"},
                               {"command", "comm"},
                               {"container", "container"},
                               {"expected", "expected"},
                               {"actual", "actual"},
                               {"placed", "placed"},
                               {"cause", "cause"},
                               {"since", "since"},
                               {"namespace", "namespace"},
                               {"pod", "pod"},
                               {"rule", "policy_rule"},
                               {"refused", "refused_because"}});
}

std::string render_sweep(const Json& answer) {
  return cell(answer, "processes_seen") + " processes seen, " + cell(answer, "members") + " members, " +
         cell(answer, "strays") + " strays, " + cell(answer, "moved") + " moved, " + cell(answer, "failed") +
         " failed, in " + cell(answer, "duration_ms") + " ms\n";
}

std::string render_status(const Json& answer) {
  return render_lines(answer, {{"ready", "ready"},
                               {"version", "version"},
                               {"revision", "revision"},
                               {"uptime [s]", "uptime_seconds"},
                               {"net_cls", "net_cls_mount"},
                               {"mounted", "net_cls_mounted"},
                               {"parent group", "parent_group"},
                               {"kernel", "kernel_release"},
                               {"buffer [bytes]", "receive_buffer_bytes"},
                               {"buffer [events]", "receive_buffer_events"},
                               {"containers", "containers"},
                               {"processes", "processes"}}) +
         render_texts("not ready", member(answer, "not_ready_because")) +
         render_texts("kernel", member(answer, "kernel_warnings")) + render_hook(member(answer, "hook")) +
         render_nri(member(answer, "nri")) + render_carry(member(answer, "carry")) +
         render_counters(member(answer, "counters"));
}

}  // namespace netclsd::cli
