#include "agent/http/yaml_reader.h"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <sstream>
#include <string>

#include "common/base/text.h"

namespace netclsd {
namespace {

using Kind = JsonNode::Kind;

constexpr std::size_t kProblemMax_bytes = 256;  // the library quotes what it does not understand
constexpr const char* kPlainTag = "?";          // the tag that the library gives a scalar without quotes,
constexpr const char* kQuotedTag = "!";         // and of one with them

// What yaml-cpp's parser reports. The parser cannot be stopped without throwing: after a problem, events are ignored.
class EventReader : public YAML::EventHandler {
 public:
  [[nodiscard]] JsonTreeBuilder& tree() { return tree_; }

  void OnDocumentStart(const YAML::Mark&) override {}
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override { add(mark, anchor, kPlainTag, Kind::kNull, {}); }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override { stop(mark, "aliases are not supported"); }
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    const bool is_boolean = tag == kPlainTag && (value == "true" || value == "false");
    add(mark, anchor, tag, is_boolean ? Kind::kBoolean : Kind::kString, value);
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    open(mark, anchor, tag, Kind::kArray);
  }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    open(mark, anchor, tag, Kind::kObject);
  }
  void OnSequenceEnd() override { tree_.close(); }
  void OnMapEnd() override { tree_.close(); }

 private:
  void stop(const YAML::Mark& mark, const char* problem) { tree_.stop(mark.line + 1, problem); }

  bool admits(const YAML::Mark& mark, YAML::anchor_t anchor, const std::string& tag) {
    if (anchor != YAML::NullAnchor) stop(mark, "anchors are not supported");
    if (!tag.empty() && tag != kPlainTag && tag != kQuotedTag) stop(mark, "tags are not supported");
    return tree_.problem().empty();
  }

  void add(const YAML::Mark& mark, YAML::anchor_t anchor, const std::string& tag, Kind kind, const std::string& text) {
    if (!admits(mark, anchor, tag)) return;
    if (!tree_.expects_key()) {
      tree_.add(mark.line + 1, kind, text);
    } else if (kind == Kind::kNull) {
      stop(mark, "a key is missing");
    } else {
      tree_.add_key(mark.line + 1, text);
    }
  }

  void open(const YAML::Mark& mark, YAML::anchor_t anchor, const std::string& tag, Kind kind) {
    if (!admits(mark, anchor, tag)) return;
    if (tree_.expects_key()) return stop(mark, "a key must be plain text");
    tree_.open(mark.line + 1, kind);
  }

  JsonTreeBuilder tree_;
};

Failure wrong(std::string_view file_name, int line, const std::string& problem) {
  return invalid(std::string(file_name) + ":" + std::to_string(line) + ": " + problem);
}

}  // namespace

// yaml-cpp reports by exceptions; they end here.
Result<JsonNode> read_yaml(std::string_view text, std::string_view file_name) {
  // The library would take such a text for UTF-16 or UTF-32.
  if (text.find('\0') != std::string_view::npos)
    return invalid(std::string(file_name) + ": expected text, found a NUL");
  try {
    std::istringstream stream{std::string(text)};
    YAML::Parser parser(stream);
    EventReader first;
    parser.HandleNextDocument(first);
    JsonTreeBuilder& tree = first.tree();
    if (!tree.problem().empty()) return wrong(file_name, tree.problem_line(), tree.problem());
    EventReader second;
    if (parser.HandleNextDocument(second)) return invalid(std::string(file_name) + ": more than one document");
    return tree.take_root();
  } catch (const YAML::Exception& error) {
    return wrong(file_name, error.mark.line + 1, printable(error.msg, kProblemMax_bytes));
  } catch (const std::exception& error) {
    return invalid(std::string(file_name) + ": " + printable(error.what(), kProblemMax_bytes));
  }
}

}  // namespace netclsd
