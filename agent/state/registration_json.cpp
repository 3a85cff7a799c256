#include "agent/state/registration_json.h"

#include <nlohmann/json.hpp>

namespace netclsd {
namespace {

using nlohmann::json;

template <typename T>
bool read(const json& object, const char* key, T& value) {
  const auto found = object.find(key);
  if (found == object.end()) return false;
  if constexpr (std::is_same_v<T, std::string>) {
    if (!found->is_string()) return false;
  } else if constexpr (std::is_same_v<T, bool>) {
    if (!found->is_boolean()) return false;
  } else {
    if (!found->is_number_unsigned() || found->template get<std::uint64_t>() > std::numeric_limits<T>::max()) return false;
  }
  value = found->template get<T>();
  return true;
}

std::optional<MembershipPath> read_membership(const json& object) {
  MembershipPath membership;
  const auto found = object.find("membership");
  if (found == object.end() || !found->is_object()) return std::nullopt;
  if (!read(*found, "hierarchy", membership.hierarchy) || !read(*found, "path", membership.path)) return std::nullopt;
  return membership;
}

// A directory from a file could lead out of the hierarchy.
bool is_safe_directory(const std::string& directory) {
  return !directory.empty() && directory.front() != '/' && ("/" + directory + "/").find("/../") == std::string::npos;
}

struct Fields {
  std::string id, class_name, class_origin, source, directory;
  std::uint32_t classid = 0;
  std::int32_t pid = 0;
  std::uint64_t start_time = 0;
  std::uint64_t registered_at_us = 0;
  bool is_adopted = false;
};

std::optional<Fields> read_fields(const json& object) {
  Fields f;
  const bool is_complete = read(object, "id", f.id) && read(object, "pid", f.pid) &&
                           read(object, "start_time", f.start_time) && read(object, "classid", f.classid) &&
                           read(object, "class", f.class_name) && read(object, "class_origin", f.class_origin) &&
                           read(object, "source", f.source) && read(object, "directory", f.directory) &&
                           read(object, "adopted", f.is_adopted) && read(object, "registered_at_us", f.registered_at_us);
  return is_complete ? std::optional(f) : std::nullopt;
}

}  // namespace

std::string registration_to_json(const Registration& r) {
  json object = {{"version", kStateVersion},
                 {"id", r.id.text()},
                 {"pid", static_cast<std::uint32_t>(r.init.pid.value)},
                 {"start_time", r.init.start_time.ticks},
                 {"classid", r.classid.raw()},
                 {"class", r.class_name},
                 {"class_origin", r.class_origin},
                 {"source", to_string(r.source)},
                 {"directory", r.directory},
                 {"adopted", r.is_adopted}};
  const auto since_epoch = std::chrono::duration_cast<std::chrono::microseconds>(r.registered_at.time_since_epoch());
  object["registered_at_us"] = static_cast<std::uint64_t>(since_epoch.count());
  if (r.membership) object["membership"] = {{"hierarchy", r.membership->hierarchy}, {"path", r.membership->path}};
  // Names and paths come from other programs: bytes that are no UTF-8 are replaced rather than thrown at us.
  return object.dump(2, ' ', false, json::error_handler_t::replace) + "\n";
}

Result<Registration> registration_from_json(std::string_view text) {
  const json object = json::parse(text, nullptr, false);
  if (!object.is_object()) return invalid("not a JSON object");
  int version = 0;
  if (!read(object, "version", version) || version != kStateVersion) {
    return invalid("not of version " + std::to_string(kStateVersion));
  }
  const auto f = read_fields(object);
  if (!f) return invalid("a field is missing or of the wrong type");
  auto id = ContainerId::parse(f->id);
  if (!id) return pass_on(id.error());
  const auto classid = ClassId::from_raw(f->classid);
  const auto source = parse_registration_source(f->source);
  if (!classid || !source || f->pid <= 0) return invalid("classid, source or pid has no valid value");
  if (!is_safe_directory(f->directory)) return invalid("directory leads out of the hierarchy");
  return Registration{.id = *id,
                      .init = {Pid{f->pid}, StartTime{f->start_time}},
                      .classid = *classid,
                      .class_name = f->class_name,
                      .class_origin = f->class_origin,
                      .source = *source,
                      .directory = f->directory,
                      .is_adopted = f->is_adopted,
                      .membership = read_membership(object),
                      .registered_at = WallTime(std::chrono::microseconds(f->registered_at_us))};
}

}  // namespace netclsd
