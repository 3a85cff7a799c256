#include <algorithm>
#include <optional>

#include "cli/hook_install/containerd_config.h"
#include "cli/hook_install/containerd_tables.h"

namespace netclsd::cli {
namespace {

constexpr std::string_view kSpecKey = "base_runtime_spec";
constexpr std::string_view kAnnotationsKey = "pod_annotations";
constexpr std::string_view kRunc = "runc";
constexpr std::string_view kRuncType = "io.containerd.runc.v2";

// Plain paths and names of ours: nothing in them needs an escape.
std::string toml_string(std::string_view text) { return "\"" + std::string(text) + "\""; }

struct Change {  // of the text
  std::size_t at = 0;
  std::size_t length = 0;
  std::string text;
};

// A column counts characters, not bytes.
std::size_t offset_of(std::string_view text, toml::source_position position) {
  std::size_t at = 0;
  for (toml::source_index line = 1; line < position.line; ++line) at = text.find('\n', at) + 1;
  for (toml::source_index column = 1; column < position.column && at < text.size(); ++column) {
    do ++at;
    while (at < text.size() && (static_cast<unsigned char>(text[at]) & 0xC0U) == 0x80U);
  }
  return at;
}

// Without its end, "\n" or "\r\n".
std::string_view line_at(std::string_view text, std::size_t at) {
  const std::string_view line = text.substr(at, text.find('\n', at) - at);
  return line.ends_with('\r') ? line.substr(0, line.size() - 1) : line;
}

// A table that has no header of its own begins somewhere else: at a subtable's header, or at a dotted key.
bool is_header_of(std::string_view line, const TablePath& path) {
  const auto alone = parse_toml(line);
  if (!alone || !line.starts_with('[')) return false;
  const toml::table* table = find_table(*alone, path);
  return table != nullptr && table->empty();
}

std::string by_hand(const HandlerEdit& edit) {
  return "add by hand to the table plugins." + toml_string(kCriPlugin) + ".containerd.runtimes." + edit.handler +
         ":\n  " + std::string(kSpecKey) + " = " + toml_string(edit.base_runtime_spec) + "\n  " +
         std::string(kAnnotationsKey) + " = [" + toml_string(kPodAnnotations) + "]";
}

Failure refuse(const HandlerEdit& edit, const std::string& why) {
  return failure(ErrorCode::kConflict, "config.toml cannot be edited safely (" + why + "); " + by_hand(edit));
}

class HandlerEditor {
 public:
  HandlerEditor(std::string_view text, const toml::table& table, std::size_t header)
      : text_(text), table_(table), header_(header) {}

  std::vector<Change> changes(const HandlerEdit& edit) {
    set_spec(edit.base_runtime_spec);
    add_annotations();
    return std::move(changes_);
  }

 private:
  void set_spec(const std::string& path) {
    const toml::node* node = table_.get(kSpecKey);
    if (node == nullptr) return insert_line(std::string(kSpecKey) + " = " + toml_string(path));
    const std::size_t begin = offset_of(text_, node->source().begin);
    const std::size_t end = offset_of(text_, node->source().end);
    changes_.push_back({.at = begin, .length = end - begin, .text = toml_string(path)});
  }

  void add_annotations() {
    const toml::node* node = table_.get(kAnnotationsKey);
    const toml::array* array = node == nullptr ? nullptr : node->as_array();
    if (node == nullptr) return insert_line(std::string(kAnnotationsKey) + " = [" + toml_string(kPodAnnotations) + "]");
    if (array == nullptr || has_ours(*array)) return;  // no list at all: the comparison refuses
    const std::size_t bracket = offset_of(text_, node->source().begin);
    changes_.push_back(
        {.at = bracket + 1, .length = 0, .text = toml_string(kPodAnnotations) + (array->empty() ? "" : ", ")});
  }

  static bool has_ours(const toml::array& array) {
    return std::any_of(array.begin(), array.end(),
                       [](const toml::node& item) { return item.value_or(std::string_view()) == kPodAnnotations; });
  }

  // Below the header, indented two blanks more.
  void insert_line(const std::string& line) {
    const std::size_t line_begin = text_.rfind('\n', header_) + 1;  // npos + 1 is 0
    const std::string indent(text_.substr(line_begin, header_ - line_begin));
    const std::size_t line_end = text_.find('\n', header_);
    if (line_end == std::string_view::npos) {  // the header is the last line and does not end
      return changes_.push_back({.at = text_.size(), .length = 0, .text = "\n" + indent + "  " + line});
    }
    const std::string end = text_[line_end - 1] == '\r' ? "\r\n" : "\n";
    changes_.push_back({.at = line_end + 1, .length = 0, .text = indent + "  " + line + end});
  }

  std::string_view text_;
  const toml::table& table_;
  std::size_t header_;
  std::vector<Change> changes_;
};

// From the back: what is before a change stays where it is. The first of two at one place ends up first.
std::string apply(std::string text, std::vector<Change> changes) {
  std::reverse(changes.begin(), changes.end());
  std::stable_sort(changes.begin(), changes.end(), [](const Change& a, const Change& b) { return a.at > b.at; });
  for (const Change& change : changes) text.replace(change.at, change.length, change.text);
  return text;
}

std::string new_handler(const HandlerEdit& edit) {
  return "[plugins." + toml_string(kCriPlugin) + ".containerd.runtimes." + edit.handler +
         "]\n  runtime_type = " + toml_string(kRuncType) + "\n  " + std::string(kSpecKey) + " = " +
         toml_string(edit.base_runtime_spec) + "\n  " + std::string(kAnnotationsKey) + " = [" +
         toml_string(kPodAnnotations) + "]\n";
}

toml::table& make_table(toml::table& parent, std::string_view key) {
  if (parent.get_as<toml::table>(key) == nullptr) parent.insert_or_assign(key, toml::table{});
  return *parent.get_as<toml::table>(key);
}

// What the edited text must say: the intention, carried out on the parsed tables.
toml::table intended(toml::table root, const std::vector<HandlerEdit>& edits, bool is_new) {
  if (root.empty()) root.insert("version", 2);
  toml::table* handlers = &root;
  for (const std::string_view key : kHandlersPath) handlers = &make_table(*handlers, key);
  for (const HandlerEdit& edit : edits) {
    toml::table& handler = make_table(*handlers, edit.handler);
    if (is_new) handler.insert_or_assign("runtime_type", kRuncType);
    handler.insert_or_assign(kSpecKey, edit.base_runtime_spec);
    if (handler.get(kAnnotationsKey) == nullptr) handler.insert(kAnnotationsKey, toml::array{});
    toml::array* list = handler.get_as<toml::array>(kAnnotationsKey);
    const bool is_listed = list != nullptr && std::any_of(list->begin(), list->end(), [](const toml::node& item) {
                             return item.value_or(std::string_view()) == kPodAnnotations;
                           });
    if (list != nullptr && !is_listed) list->insert(list->begin(), kPodAnnotations);
  }
  return root;
}

bool has_annotations(const toml::table& root, const HandlerEdit& edit) {
  TablePath path = kHandlersPath;
  path.emplace_back(edit.handler);
  const toml::table* table = find_table(root, path);
  return table != nullptr && table->get_as<toml::array>(kAnnotationsKey) != nullptr;
}

Result<std::string> append_runc(std::string_view text, const toml::table& root, const HandlerEdit& edit) {
  std::string edited(text);
  if (!edited.empty() && !edited.ends_with('\n')) edited += '\n';
  if (root.empty()) edited += "version = 2\n";
  if (!edited.empty()) edited += '\n';
  return edited + new_handler(edit);
}

Result<std::string> edit_handlers(std::string_view text, const toml::table& root,
                                  const std::vector<HandlerEdit>& edits) {
  std::vector<Change> changes;
  for (const HandlerEdit& edit : edits) {
    TablePath path = kHandlersPath;
    path.emplace_back(edit.handler);
    const toml::table* table = find_table(root, path);
    if (table == nullptr) return refuse(edit, "there is no such handler");
    if (table->is_inline()) return refuse(edit, "its table is an inline one");
    const std::size_t header = offset_of(text, table->source().begin);
    if (!is_header_of(line_at(text, header), path)) return refuse(edit, "its table has no header of its own");
    const auto more = HandlerEditor(text, *table, header).changes(edit);
    changes.insert(changes.end(), more.begin(), more.end());
  }
  return apply(std::string(text), std::move(changes));
}

}  // namespace

Result<std::string> edit_containerd_config(std::string_view text, const std::vector<HandlerEdit>& edits) {
  const auto root = parse_toml(text);
  if (!root) return pass_on(root.error(), "config.toml");
  const toml::table* handlers = find_table(*root, kHandlersPath);
  const bool is_new = handlers == nullptr || handlers->empty();
  if (is_new && (edits.size() != 1 || edits.front().handler != kRunc)) {
    return failure(ErrorCode::kNotFound, "config.toml has no runtime handlers");
  }
  auto edited = is_new ? append_runc(text, *root, edits.front()) : edit_handlers(text, *root, edits);
  if (!edited) return edited;
  const auto result = parse_toml(*edited);
  const bool is_as_intended = result && *result == intended(*root, edits, is_new);
  for (const HandlerEdit& edit : edits) {
    if (!is_as_intended || !has_annotations(*result, edit))
      return refuse(edit, "its tables are written in an unusual way");
  }
  return edited;
}

}  // namespace netclsd::cli
