#include "carry/registrations.h"

#include <cerrno>
#include <set>
#include <utility>

#include "common/json/fields.h"

namespace netclsd::carry {
namespace {

constexpr std::size_t kFileMax_bytes = 65'536;
constexpr std::size_t kFilesMax = 200'000;
constexpr std::uint64_t kVersion = 1;
constexpr std::string_view kSuffix = ".json";

Result<Registered> read_one(const UniqueFd& directory, const std::string& name) {
  const auto text = read_own_file_at(directory, name, kFileMax_bytes);
  if (!text) return pass_on(text.error());
  auto registered = parse_registration(*text);
  if (registered && registered->id.text() + std::string(kSuffix) != name) return invalid("is of another container");
  return registered;
}

}  // namespace

Result<Registered> parse_registration(std::string_view text) {
  const auto object = parse_json_object(text, "registration");
  if (!object) return pass_on(object.error());
  FieldReader fields(*object);
  const auto version = fields.required_number("version", kAnyNumber);
  auto id = ContainerId::parse(fields.required_text("id"));
  const auto classid = ClassId::from_raw(static_cast<std::uint32_t>(fields.required_number("classid", 0xffff'ffff)));
  const auto pid = static_cast<std::int32_t>(fields.required_number("pid", kPidMax));
  const StartTime start_time{fields.required_number("start_time", kAnyNumber)};
  std::string membership = fields.text("membership.hierarchy").empty() ? fields.text("membership.path") : std::string();
  if (fields.failed()) return fields.first_failure();
  if (version != kVersion) return invalid("version is not " + std::to_string(kVersion));
  if (!id) return pass_on(id.error());
  if (!classid || pid == 0) return invalid("classid or pid is 0");
  return Registered{*std::move(id), *classid, {Pid{pid}, start_time}, std::move(membership)};
}

Registrations completed(Registrations found, const Registrations& before) {
  if (found.is_whole) return found;
  std::set<ContainerId> known;
  for (const Registered& one : found.containers) known.insert(one.id);
  for (const Registered& one : before.containers) {
    if (!known.contains(one.id)) found.containers.push_back(one);
  }
  return found;
}

Result<Registrations> read_registrations(const UniqueFd& directory) {
  const auto names = list_names(directory, kFilesMax);
  if (!names) return pass_on(names.error(), "read the registrations");
  Registrations found;
  for (const std::string& name : *names) {
    if (name.starts_with('.') || !name.ends_with(kSuffix)) continue;
    auto one = read_one(directory, name);
    if (one) {
      found.containers.push_back(*std::move(one));
    } else if (one.error().sys_errno() != ENOENT) {
      found.problems.push_back(name + ": " + one.error().message());
      found.is_whole = found.is_whole && !one.error().may_pass();
    }
  }
  return found;
}

}  // namespace netclsd::carry
