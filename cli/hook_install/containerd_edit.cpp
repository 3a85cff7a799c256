#include "cli/hook_install/containerd_config.h"

#include <algorithm>
#include <optional>

#include "cli/hook_install/toml.h"

namespace netclsd::cli {
namespace {

constexpr std::string_view kSpecKey = "base_runtime_spec";
constexpr std::string_view kAnnotationsKey = "pod_annotations";
constexpr std::string_view kRunc = "runc";
constexpr std::string_view kRuncType = "io.containerd.runc.v2";

TablePath path_of(const HandlerEdit& edit) {
  TablePath path = {"plugins", edit.plugin, "containerd"};
  switch (edit.table) {
    case HandlerTable::kDefaultRuntime:
      path.emplace_back("default_runtime");
      return path;
    case HandlerTable::kUntrustedWorkload:
      path.emplace_back("untrusted_workload_runtime");
      return path;
    case HandlerTable::kRuntimes:
      path.emplace_back("runtimes");
      path.emplace_back(edit.handler);
  }
  return path;
}

// containerd has a handler "runc" without a table; then it must be spelled out. containerd 2 has it beside others, too.
bool is_built_in(const toml::table& root, const HandlerEdit& edit) {
  if (edit.table != HandlerTable::kRuntimes || edit.handler != kRunc) return false;
  const toml::table* containerd = find_table(root, {"plugins", edit.plugin, "containerd"});
  if (containerd == nullptr || !containerd->contains("runtimes")) return true;
  const toml::table* runtimes = containerd->get_as<toml::table>("runtimes");
  return edit.is_built_in && runtimes != nullptr && !runtimes->contains(kRunc);
}

// For a file without keys.
int version_for(const std::vector<HandlerEdit>& edits) {
  return !edits.empty() && edits.front().plugin == kCriRuntimePlugin ? 3 : 2;
}

bool lists_our_annotations(const toml::array& array) {
  return std::any_of(array.begin(), array.end(),
                     [](const toml::node& item) { return item.value_or(std::string_view()) == kPodAnnotations; });
}

toml::table& make_table(toml::table& parent, std::string_view key) {
  if (parent.get_as<toml::table>(key) == nullptr) parent.insert_or_assign(key, toml::table{});
  return *parent.get_as<toml::table>(key);
}

void set_keys(toml::table& handler, const HandlerEdit& edit) {
  handler.insert_or_assign(kSpecKey, edit.base_runtime_spec);
  if (handler.get(kAnnotationsKey) == nullptr) handler.insert(kAnnotationsKey, toml::array{});
  toml::array* list = handler.get_as<toml::array>(kAnnotationsKey);
  if (list != nullptr && !lists_our_annotations(*list)) list->insert(list->begin(), kPodAnnotations);
}

// The intention, carried out on the parsed tables.
toml::table intended(const toml::table& before, const std::vector<HandlerEdit>& edits) {
  toml::table root = before;
  if (root.empty()) root.insert("version", version_for(edits));
  for (const HandlerEdit& edit : edits) {
    toml::table* handler = &root;
    for (const std::string_view key : path_of(edit)) handler = &make_table(*handler, key);
    if (is_built_in(before, edit)) handler->insert_or_assign("runtime_type", kRuncType);
    set_keys(*handler, edit);
  }
  return root;
}

bool has_annotations(const toml::table& root, const HandlerEdit& edit) {
  const toml::table* table = find_table(root, path_of(edit));
  return table != nullptr && table->get_as<toml::array>(kAnnotationsKey) != nullptr;
}

bool is_as_intended(const toml::table& before, const toml::table& after, const std::vector<HandlerEdit>& edits) {
  return after == intended(before, edits) &&
         std::all_of(edits.begin(), edits.end(), [&](const HandlerEdit& edit) { return has_annotations(after, edit); });
}

std::string spec_line(const HandlerEdit& edit) {
  return std::string(kSpecKey) + " = " + toml_string(edit.base_runtime_spec);
}

std::string annotations_line() { return std::string(kAnnotationsKey) + " = [" + toml_string(kPodAnnotations) + "]"; }

std::string header_of(const HandlerEdit& edit) { return "[" + table_name(edit.plugin, edit.table, edit.handler) + "]"; }

struct Change {  // `text` in the place of `length` bytes
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

// A table without a header of its own begins at a subtable's header, or at a dotted key.
enum class Beginning { kOwnHeader, kSubtablesHeader, kOther };

Beginning beginning_of(std::string_view line, const TablePath& path) {
  const auto alone = parse_toml(line);
  if (!alone || !line.starts_with('[')) return Beginning::kOther;
  const toml::table* table = find_table(*alone, path);
  if (table == nullptr) return Beginning::kOther;
  return table->empty() ? Beginning::kOwnHeader : Beginning::kSubtablesHeader;
}

class HandlerEditor {
 public:
  // `header`: where the table's header is, or that of its first subtable.
  HandlerEditor(std::string_view text, std::string_view line_end, const toml::table& table, std::size_t header)
      : text_(text), line_end_(line_end), table_(table), header_(header) {
    const std::size_t line_begin = text_.rfind('\n', header_) + 1;  // npos + 1 is 0
    indent_ = text_.substr(line_begin, header_ - line_begin);
  }

  std::vector<Change> changes(const HandlerEdit& edit) {
    set_spec(edit);
    add_annotations();
    return std::move(changes_);
  }

  // In front of the subtable's header.
  [[nodiscard]] Change new_header(const HandlerEdit& edit) const {
    std::string lines = header_of(edit) + end();
    for (const std::string& line : {spec_line(edit), annotations_line()}) lines += indent_ + "  " + line + end();
    return {.at = header_, .length = 0, .text = lines + indent_};
  }

 private:
  std::string end() const { return std::string(line_end_); }

  void set_spec(const HandlerEdit& edit) {
    const toml::node* node = table_.get(kSpecKey);
    if (node == nullptr) return insert_line(spec_line(edit));
    const std::size_t begin = offset_of(text_, node->source().begin);
    const std::size_t length = offset_of(text_, node->source().end) - begin;
    changes_.push_back({.at = begin, .length = length, .text = toml_string(edit.base_runtime_spec)});
  }

  void add_annotations() {
    const toml::node* node = table_.get(kAnnotationsKey);
    const toml::array* array = node == nullptr ? nullptr : node->as_array();
    if (node == nullptr) return insert_line(annotations_line());
    if (array == nullptr || lists_our_annotations(*array)) return;  // no list at all: the comparison refuses
    const std::size_t bracket = offset_of(text_, node->source().begin);
    changes_.push_back(
        {.at = bracket + 1, .length = 0, .text = toml_string(kPodAnnotations) + (array->empty() ? "" : ", ")});
  }

  // Below the header, indented two blanks more.
  void insert_line(const std::string& line) {
    const std::size_t line_stop = text_.find('\n', header_);
    if (line_stop == std::string_view::npos) {  // the header is the last line and does not end
      return changes_.push_back({.at = text_.size(), .length = 0, .text = end() + indent_ + "  " + line});
    }
    changes_.push_back({.at = line_stop + 1, .length = 0, .text = indent_ + "  " + line + end()});
  }

  std::string_view text_;
  std::string_view line_end_;
  const toml::table& table_;
  std::size_t header_;
  std::string indent_;
  std::vector<Change> changes_;
};

// From the back, so that earlier positions stay right. Of two changes at one place the first one ends up first.
std::string apply(std::string text, std::vector<Change> changes) {
  std::reverse(changes.begin(), changes.end());
  std::stable_sort(changes.begin(), changes.end(), [](const Change& a, const Change& b) { return a.at > b.at; });
  for (const Change& change : changes) text.replace(change.at, change.length, change.text);
  return text;
}

// A text without its byte order mark, and the edits of it.
class TextEditor {
 public:
  TextEditor(std::string_view text, const toml::table& root)
      : text_(text), readable_(to_readable(text)), line_end_(line_end_of(text)), root_(root) {}

  // std::nullopt, or why not.
  std::optional<std::string> add(const HandlerEdit& edit) {
    const toml::table* table = find_table(root_, path_of(edit));
    if (is_built_in(root_, edit)) {
      append(edit);
      return std::nullopt;
    }
    if (table == nullptr) return "there is no such handler";
    if (table->is_inline()) return "its table is an inline one";
    const std::size_t begin = offset_of(readable_, table->source().begin);
    HandlerEditor editor(readable_, line_end_, *table, begin);
    switch (beginning_of(line_at(readable_, begin), path_of(edit))) {
      case Beginning::kOwnHeader: {
        const auto more = editor.changes(edit);
        changes_.insert(changes_.end(), more.begin(), more.end());
        return std::nullopt;
      }
      case Beginning::kSubtablesHeader:
        changes_.push_back(editor.new_header(edit));
        return std::nullopt;
      case Beginning::kOther:
        return "its table has no header of its own";
    }
    return std::nullopt;
  }

  std::string edited() { return apply(std::string(text_), std::move(changes_)) + tail_; }

 private:
  void append(const HandlerEdit& edit) {
    const std::string end(line_end_);
    if (!text_.empty() && !text_.ends_with('\n')) tail_ += end;
    if (root_.empty()) tail_ += "version = " + std::to_string(version_for({edit})) + end;
    if (!text_.empty() || !tail_.empty()) tail_ += end;
    tail_ += header_of(edit) + end;
    for (const std::string& line : {"runtime_type = " + toml_string(kRuncType), spec_line(edit), annotations_line()}) {
      tail_ += "  " + line + end;
    }
  }

  std::string_view text_;
  std::string readable_;  // what the parser read; positions are those of text_
  std::string_view line_end_;
  const toml::table& root_;
  std::vector<Change> changes_;
  std::string tail_;
};

Failure refuse_edit(const std::string& why) {
  return failure(ErrorCode::kConflict, "cannot be edited safely (" + why + ")");
}

}  // namespace

std::string lines_by_hand(const std::vector<HandlerEdit>& edits) {
  std::string lines;
  for (const HandlerEdit& edit : edits) {
    lines += "\n" + header_of(edit) + "\n  ";
    if (edit.is_built_in) lines += "runtime_type = " + toml_string(kRuncType) + "\n  ";
    lines += spec_line(edit) + "\n  " + annotations_line();
  }
  return lines;
}

std::string drop_in_text(int version, const std::vector<RuntimeHandler>& handlers) {
  std::string text = "# By netclsctl hook install; netclsctl hook uninstall removes it.\nversion = ";
  text += std::to_string(version) + "\n";
  for (const RuntimeHandler& each : handlers) {
    const HandlerEdit edit = edit_of(each);
    const std::string_view type = each.runtime_type.empty() ? kRuncType : std::string_view(each.runtime_type);
    std::string annotations = toml_string(kPodAnnotations);
    for (const std::string& other : each.other_annotations) annotations += ", " + toml_string(other);
    text += "\n" + header_of(edit) + "\n  runtime_type = " + toml_string(type) + "\n  " + spec_line(edit) +
            "\n  pod_annotations = [" + annotations + "]\n";
  }
  return text;
}

HandlerEdit edit_of(const RuntimeHandler& handler) {
  return {.handler = handler.name,
          .base_runtime_spec = spec_path_for(handler),
          .table = handler.table,
          .plugin = handler.plugin,
          .is_built_in = handler.is_built_in};
}

Result<std::string> edit_containerd_config(std::string_view text, const std::vector<HandlerEdit>& edits) {
  if (const auto config = parse_containerd_config(text); !config) return pass_on(config.error());
  const auto root = parse_toml(text);
  if (!root) return pass_on(root.error());
  const std::string_view mark = byte_order_mark(text);
  TextEditor editor(text.substr(mark.size()), *root);
  for (const HandlerEdit& edit : edits) {
    if (const auto why_not = editor.add(edit)) return refuse_edit(*why_not);
  }
  std::string edited = std::string(mark) + editor.edited();
  const auto result = parse_toml(edited);
  if (result && is_as_intended(*root, *result, edits)) return edited;
  return refuse_edit("its tables are written in an unusual way");
}

}  // namespace netclsd::cli
