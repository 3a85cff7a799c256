#include <array>

#include "common/api/messages.h"
#include "common/json/fields.h"

namespace netclsd {
namespace {

constexpr std::uint64_t kSpoolVersion = 1;
constexpr std::array kSources = {RegistrationSource::kHook, RegistrationSource::kNri, RegistrationSource::kSpool,
                                 RegistrationSource::kApi, RegistrationSource::kRecovered};

Pid read_pid(FieldReader& fields) { return Pid{static_cast<std::int32_t>(fields.required_number("pid", kPidMax))}; }

std::optional<StartTime> read_start_time(FieldReader& fields) {
  const auto ticks = fields.number("start_time", kAnyNumber);
  return ticks ? std::optional(StartTime{*ticks}) : std::nullopt;
}

Result<RegistrationSource> read_source(FieldReader& fields) {
  const std::string text = fields.text("source");
  if (text.empty()) return RegistrationSource::kApi;
  if (const auto source = parse_registration_source(text)) return *source;
  return invalid("source is not hook, nri, spool, api or recovered");
}

Result<RegisterRequest> read_request(const Json& object) {
  FieldReader fields(object);
  RegisterRequest request;
  request.pid = read_pid(fields);
  request.start_time = read_start_time(fields);
  request.bundle = fields.text("bundle");
  request.annotations = fields.text_map("annotations");
  if (const auto classid = fields.number("spec_classid", 0xffff'ffff)) {
    request.spec_classid = static_cast<std::uint32_t>(*classid);
  }
  request.cgroups_path = fields.text("cgroups_path");
  request.hook_version = fields.text("hook_version");
  request.init_waits = fields.flag("init_waits");
  auto source = read_source(fields);
  if (fields.failed()) return fields.first_failure();
  if (!source) return pass_on(source.error());
  if (request.pid.value == 0) return invalid("pid is zero");
  request.source = *source;
  return request;
}

// Not one by one with [], which looks through all that are there already: who chooses the annotations could have so
// many that the hook is not done in time.
OrderedJson to_ordered(const Annotations& annotations) {
  OrderedJson::object_t object;
  object.reserve(annotations.size());
  for (const auto& [key, value] : annotations) object.emplace_back(key, value);
  return object;
}

OrderedJson to_ordered(const RegisterRequest& request) {
  OrderedJson json;
  json["pid"] = request.pid.value;
  if (request.start_time) json["start_time"] = request.start_time->ticks;
  json["bundle"] = request.bundle;
  json["annotations"] = to_ordered(request.annotations);
  if (request.spec_classid) json["spec_classid"] = *request.spec_classid;
  json["cgroups_path"] = request.cgroups_path;
  if (!request.hook_version.empty()) json["hook_version"] = request.hook_version;
  json["source"] = to_string(request.source);
  if (request.init_waits) json["init_waits"] = true;
  return json;
}

}  // namespace

const char* to_string(RegistrationSource source) {
  switch (source) {
    case RegistrationSource::kHook:
      return "hook";
    case RegistrationSource::kNri:
      return "nri";
    case RegistrationSource::kSpool:
      return "spool";
    case RegistrationSource::kApi:
      return "api";
    case RegistrationSource::kRecovered:
      return "recovered";
  }
  return "";
}

std::optional<RegistrationSource> parse_registration_source(std::string_view text) {
  for (const RegistrationSource source : kSources) {
    if (to_string(source) == text) return source;
  }
  return std::nullopt;
}

Result<RegisterRequest> parse_register_request(std::string_view json) {
  auto object = parse_json_object(json, "request");
  if (!object) return pass_on(object.error());
  return read_request(*object);
}

std::string to_json(const RegisterRequest& request) { return dump(to_ordered(request)); }

Result<SpoolEntry> parse_spool_entry(std::string_view json) {
  auto object = parse_json_object(json, "spool entry");
  if (!object) return pass_on(object.error());
  FieldReader fields(*object);
  const std::uint64_t version = fields.required_number("version", kAnyNumber);
  auto id = ContainerId::parse(fields.required_text("id"));
  if (fields.failed()) return fields.first_failure();
  if (version != kSpoolVersion) return invalid("version is " + std::to_string(version) + ", only 1 is known");
  if (!id) return pass_on(id.error());
  auto request = read_request(*object);
  if (!request) return pass_on(request.error());
  return SpoolEntry{.id = *std::move(id), .request = *std::move(request)};
}

std::string to_json(const SpoolEntry& entry) {
  OrderedJson json;
  json["version"] = kSpoolVersion;
  json["id"] = entry.id.text();
  json.update(to_ordered(entry.request));
  return dump(json);
}

}  // namespace netclsd
