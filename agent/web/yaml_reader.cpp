#include "agent/web/yaml_reader.h"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <sstream>
#include <vector>

#include "common/base/text.h"

namespace netclsd {
namespace {

using Kind = JsonNode::Kind;

constexpr std::size_t kProblemMax_bytes = 256;  // the library quotes what it does not understand
constexpr const char* kPlainTag = "?";          // what the library says of a scalar without quotes,
constexpr const char* kQuotedTag = "!";         // and of one with them

// Takes the parser's events. The first problem stays; what comes after it is ignored, for the parser cannot be stopped
// without throwing.
class TreeBuilder : public YAML::EventHandler {
 public:
  [[nodiscard]] JsonNode take_root() { return std::move(root_); }
  [[nodiscard]] const std::string& problem() const { return problem_; }  // empty: none
  [[nodiscard]] int problem_line() const { return problem_line_; }

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
  void OnSequenceEnd() override { close(); }
  void OnMapEnd() override { close(); }

 private:
  struct Open {
    JsonNode* node;
    bool has_key = false;  // of an object: the next event is the value of its last member
  };

  void stop(const YAML::Mark& mark, std::string problem) {
    if (!problem_.empty()) return;
    problem_line_ = mark.line + 1;
    problem_ = std::move(problem);
  }

  bool admits(const YAML::Mark& mark, YAML::anchor_t anchor, const std::string& tag) {
    if (anchor != YAML::NullAnchor) stop(mark, "anchors are not supported");
    if (!tag.empty() && tag != kPlainTag && tag != kQuotedTag) stop(mark, "tags are not supported");
    return problem_.empty();
  }

  void add(const YAML::Mark& mark, YAML::anchor_t anchor, const std::string& tag, Kind kind, const std::string& text) {
    if (!admits(mark, anchor, tag)) return;
    if (is_key_next()) return kind == Kind::kNull ? stop(mark, "a key is missing") : add_key(mark, text);
    if (JsonNode* node = next_slot(mark)) *node = {.kind = kind, .line = mark.line + 1, .text = text, .members = {}};
  }

  void open(const YAML::Mark& mark, YAML::anchor_t anchor, const std::string& tag, Kind kind) {
    if (!admits(mark, anchor, tag)) return;
    if (is_key_next()) return stop(mark, "a key must be plain text");
    if (open_.size() == kJsonDepthMax) {
      return stop(mark, "nested deeper than " + std::to_string(kJsonDepthMax) + " levels");
    }
    JsonNode* node = next_slot(mark);
    if (node == nullptr) return;
    node->kind = kind;
    node->line = mark.line + 1;
    open_.push_back({node});
  }

  void close() {
    if (problem_.empty()) open_.pop_back();
  }

  bool is_key_next() const {
    return !open_.empty() && open_.back().node->kind == Kind::kObject && !open_.back().has_key;
  }

  void add_key(const YAML::Mark& mark, const std::string& name) {
    JsonNode& object = *open_.back().node;
    for (const JsonMember& earlier : object.members) {
      if (earlier.key == name) {
        return stop(mark, "duplicate key " + in_quotes(name) + ", first on line " + std::to_string(earlier.line));
      }
    }
    if (object.members.size() == kJsonEntriesMax) return stop_at_entries_max(mark);
    object.members.push_back({name, mark.line + 1, {}});
    open_.back().has_key = true;
  }

  void stop_at_entries_max(const YAML::Mark& mark) {
    stop(mark, "more than " + std::to_string(kJsonEntriesMax) + " entries");
  }

  // Where the next value goes; nullptr after stop(). Only the innermost open node grows, so pointers to the ones
  // around it stay valid.
  JsonNode* next_slot(const YAML::Mark& mark) {
    if (open_.empty()) return &root_;
    JsonNode& around = *open_.back().node;
    open_.back().has_key = false;
    if (around.kind == Kind::kObject) return &around.members.back().value;
    if (around.items.size() == kJsonEntriesMax) {
      stop_at_entries_max(mark);
      return nullptr;
    }
    return &around.items.emplace_back();
  }

  JsonNode root_;
  std::vector<Open> open_;
  std::string problem_;
  int problem_line_ = 0;
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
    TreeBuilder builder;
    parser.HandleNextDocument(builder);
    if (!builder.problem().empty()) return wrong(file_name, builder.problem_line(), builder.problem());
    TreeBuilder second;
    if (parser.HandleNextDocument(second)) return invalid(std::string(file_name) + ": more than one document");
    return builder.take_root();
  } catch (const YAML::Exception& error) {
    return wrong(file_name, error.mark.line + 1, printable(error.msg, kProblemMax_bytes));
  } catch (const std::exception& error) {
    return invalid(std::string(file_name) + ": " + printable(error.what(), kProblemMax_bytes));
  }
}

}  // namespace netclsd
