#include "common/json/fields.h"

#include "common/base/error.h"
#include "common/base/text.h"

namespace netclsd {
namespace {

// Finds the byte at which the text is not JSON. A second pass, only for texts that did not parse.
class FaultFinder : public nlohmann::json_sax<Json> {
 public:
  bool null() override { return true; }
  bool boolean(bool) override { return true; }
  bool number_integer(number_integer_t) override { return true; }
  bool number_unsigned(number_unsigned_t) override { return true; }
  bool number_float(number_float_t, const string_t&) override { return true; }
  bool string(string_t&) override { return true; }
  bool binary(binary_t&) override { return true; }
  bool start_object(std::size_t) override { return true; }
  bool key(string_t&) override { return true; }
  bool end_object() override { return true; }
  bool start_array(std::size_t) override { return true; }
  bool end_array() override { return true; }
  bool parse_error(std::size_t position, const std::string&, const nlohmann::detail::exception&) override {
    byte = position;
    return false;
  }
  std::size_t byte = 0;
};

std::size_t first_bad_byte(std::string_view text) {
  FaultFinder finder;
  Json::sax_parse(text, &finder);
  return finder.byte;
}

}  // namespace

Result<Json> parse_json_object(std::string_view text, std::string_view what) {
  if (text.empty()) return invalid(std::string(what) + " is empty");
  Json json = Json::parse(text, nullptr, false);
  if (json.is_discarded()) {
    return invalid(std::string(what) + " is not JSON (byte " + std::to_string(first_bad_byte(text)) + ")");
  }
  if (!json.is_object()) return invalid(std::string(what) + " is not a JSON object");
  return json;
}

std::string dump(const OrderedJson& json) { return json.dump(-1, ' ', false, OrderedJson::error_handler_t::replace); }

std::string FieldReader::text(std::string_view path) {
  const Json* field = find(path);
  if (field == nullptr) return {};
  if (const auto* text = field->get_ptr<const std::string*>()) return *text;
  fail(path, "is not a text");
  return {};
}

std::string FieldReader::required_text(std::string_view path) {
  if (find(path) == nullptr) fail(path, "is missing");
  return text(path);
}

std::optional<std::uint64_t> FieldReader::number(std::string_view path, std::uint64_t max) {
  const Json* field = find(path);
  if (field == nullptr) return std::nullopt;
  const auto* value = field->get_ptr<const Json::number_unsigned_t*>();
  if (value != nullptr && *value <= max) return *value;
  fail(path, "is not a whole number from 0 to " + std::to_string(max));
  return std::nullopt;
}

bool FieldReader::flag(std::string_view path) {
  const Json* field = find(path);
  if (field == nullptr) return false;
  if (const auto* value = field->get_ptr<const Json::boolean_t*>()) return *value;
  fail(path, "is not true or false");
  return false;
}

std::uint64_t FieldReader::required_number(std::string_view path, std::uint64_t max) {
  if (find(path) == nullptr) fail(path, "is missing");
  return number(path, max).value_or(0);
}

std::map<std::string, std::string> FieldReader::text_map(std::string_view path,
                                                         const std::function<bool(std::string_view)>& is_wanted) {
  std::map<std::string, std::string> texts;
  const Json* field = find(path);
  if (field == nullptr) return texts;
  if (!field->is_object()) fail(path, "is not an object");
  for (const auto& [key, value] : field->items()) {
    if (is_wanted && !is_wanted(key)) continue;
    const auto* text = value.get_ptr<const std::string*>();
    if (text == nullptr) fail(std::string(path) + "." + printable(key), "is not a text");
    if (text != nullptr) texts.emplace(key, *text);
  }
  return texts;
}

Failure FieldReader::first_failure() const {
  CHECK(error_.has_value());
  return Failure(*error_);
}

const Json* FieldReader::find(std::string_view path) {
  const Json* at = &object_;
  for (const std::string_view name : split(path, '.')) {
    if (!at->is_object()) {
      fail(path, "is inside of something that is not an object");
      return nullptr;
    }
    const auto found = at->find(name);
    if (found == at->end() || found->is_null()) return nullptr;
    at = &*found;
  }
  return at;
}

void FieldReader::fail(std::string_view path, std::string_view problem) {
  if (!error_) error_.emplace(ErrorCode::kInvalid, std::string(path).append(" ").append(problem));
}

}  // namespace netclsd
