#include "agent/containers/registration.h"

#include <utility>

#include "common/json/fields.h"

namespace netclsd {
namespace {

constexpr std::uint64_t kTimeMax_us = 0x7fff'ffff'ffff'ffff / 1000;  // the clock counts nanoseconds: the year 2262

// A directory from a file could lead out of the hierarchy.
bool is_safe_directory(const std::string& directory) {
  return !directory.empty() && directory.front() != '/' && ("/" + directory + "/").find("/../") == std::string::npos;
}

std::optional<MembershipPath> read_membership(FieldReader& fields) {
  MembershipPath membership{.hierarchy = fields.text("membership.hierarchy"), .path = fields.text("membership.path")};
  return membership.path.empty() ? std::nullopt : std::optional(std::move(membership));
}

// Absent in files of older versions, which did not know it.
std::optional<std::string> read_namespace(FieldReader& fields) {
  std::string name_space = fields.text("pod.namespace");
  return fields.number("pod.is_known", 1) == 1U ? std::optional(std::move(name_space)) : std::nullopt;
}

ClassChoice read_choice(FieldReader& fields, ClassId classid) {
  return {.classid = classid, .name = fields.text("class"), .origin = fields.text("class_origin")};
}

PodVerdict read_verdict(FieldReader& fields) {
  PodVerdict verdict{.pod_namespace = read_namespace(fields),
                     .rule = fields.text("policy_rule"),
                     .refused_because = fields.text("refused_because")};
  if (verdict.pod_namespace) verdict.pod = fields.text("pod.name");  // without its namespace it says nothing
  return verdict;
}

WallTime read_time(FieldReader& fields) {
  const auto us = fields.required_number("registered_at_us", kTimeMax_us);
  return WallTime(std::chrono::microseconds(us));
}

Result<Registration> read_registration(FieldReader& fields) {
  auto id = ContainerId::parse(fields.required_text("id"));
  const auto classid = ClassId::from_raw(static_cast<std::uint32_t>(fields.required_number("classid", 0xffff'ffff)));
  const auto source = parse_registration_source(fields.required_text("source"));
  const auto pid = static_cast<std::int32_t>(fields.required_number("pid", kPidMax));
  const StartTime start_time{fields.required_number("start_time", kAnyNumber)};
  const std::string directory = fields.required_text("directory");
  const bool is_adopted = fields.required_number("adopted", 1) != 0;
  const WallTime registered_at = read_time(fields);
  if (fields.failed()) return fields.first_failure();
  if (!id) return pass_on(id.error());
  if (!classid || !source || pid == 0) return invalid("classid, source or pid has no valid value");
  if (!is_safe_directory(directory)) return invalid("directory leads out of the hierarchy");
  return Registration{.id = *id,
                      .init = {Pid{pid}, start_time},
                      .choice = read_choice(fields, *classid),
                      .source = *source,
                      .directory = directory,
                      .is_adopted = is_adopted,
                      .membership = read_membership(fields),
                      .registered_at = registered_at,
                      .verdict = read_verdict(fields)};
}

}  // namespace

std::string registration_to_json(const Registration& r) {
  const auto since_epoch = std::chrono::duration_cast<std::chrono::microseconds>(r.registered_at.time_since_epoch());
  OrderedJson object = {{"version", kStateVersion},
                        {"id", r.id.text()},
                        {"pid", r.init.pid.value},
                        {"start_time", r.init.start_time.ticks},
                        {"classid", r.choice.classid.raw()},
                        {"class", r.choice.name},
                        {"class_origin", r.choice.origin},
                        {"source", to_string(r.source)},
                        {"directory", r.directory},
                        {"adopted", r.is_adopted ? 1 : 0},
                        {"registered_at_us", since_epoch.count()}};
  if (r.membership) object["membership"] = {{"hierarchy", r.membership->hierarchy}, {"path", r.membership->path}};
  const PodVerdict& verdict = r.verdict;
  if (verdict.pod_namespace) {
    object["pod"] = {{"is_known", 1}, {"namespace", *verdict.pod_namespace}, {"name", verdict.pod}};
  }
  if (!verdict.rule.empty()) object["policy_rule"] = verdict.rule;
  if (!verdict.refused_because.empty()) object["refused_because"] = verdict.refused_because;
  return dump(object) + "\n";
}

Result<Registration> registration_from_json(std::string_view text) {
  const auto object = parse_json_object(text, "state file");
  if (!object) return pass_on(object.error());
  FieldReader fields(*object);
  if (fields.required_number("version", kAnyNumber) != kStateVersion && !fields.failed()) {
    return invalid("version is not " + std::to_string(kStateVersion));
  }
  auto registration = read_registration(fields);
  if (fields.failed()) return fields.first_failure();
  return registration;
}

}  // namespace netclsd
