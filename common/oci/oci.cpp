#include "common/oci/oci.h"

#include <algorithm>
#include <utility>

#include "common/json/fields.h"
#include "common/model/annotations.h"

namespace netclsd {
namespace {

Result<Json> parse_state(std::string_view json) {
  if (json.size() <= kStateMax_bytes) return parse_json_object(json, "OCI state");
  return failure(ErrorCode::kTooLarge, "OCI state is larger than " + std::to_string(kStateMax_bytes) + " bytes");
}

Result<ContainerId> read_id(FieldReader& fields) {
  auto id = ContainerId::parse(fields.required_text("id"));
  if (fields.failed()) return pass_on(fields.first_failure().value(), "OCI state");
  if (!id) return pass_on(id.error(), "OCI state");
  return id;
}

// gVisor writes -1 for a container that has ended.
bool is_negative(const Json& object, const char* key) {
  const auto field = object.find(key);
  const auto* value = field == object.end() ? nullptr : field->get_ptr<const Json::number_integer_t*>();
  return value != nullptr && !field->is_number_unsigned() && *value < 0;
}

bool has_members(const Json& object, const char* key) {
  const auto field = object.find(key);
  return field != object.end() && field->is_object() && !field->empty();
}

}  // namespace

Result<OciState> parse_oci_state(std::string_view json) {
  auto object = parse_state(json);
  if (!object) return pass_on(object.error());
  FieldReader fields(*object);
  auto id = read_id(fields);
  if (!id) return pass_on(id.error());
  const std::uint64_t pid = is_negative(*object, "pid") ? 0 : fields.number("pid", kPidMax).value_or(0);
  OciState state{.id = *std::move(id),
                 .status = fields.text("status"),
                 .pid = Pid{static_cast<std::int32_t>(pid)},
                 .bundle = fields.text("bundle"),
                 .annotations = fields.text_map("annotations", is_known_annotation),
                 .has_annotations = has_members(*object, "annotations")};
  if (fields.failed()) return pass_on(fields.first_failure().value(), "OCI state");
  return state;
}

Result<ContainerId> parse_oci_state_id(std::string_view json) {
  auto object = parse_state(json);
  if (!object) return pass_on(object.error());
  FieldReader fields(*object);
  return read_id(fields);
}

namespace {

bool makes_mount_namespace(const Json& spec) {
  static const Json::json_pointer kNamespaces("/linux/namespaces");
  if (!spec.contains(kNamespaces)) return false;
  const Json& namespaces = spec[kNamespaces];
  return std::any_of(namespaces.begin(), namespaces.end(), [](const Json& one) {
    FieldReader fields(one);
    return one.is_object() && fields.text("type") == "mount" && fields.text("path").empty();
  });
}

}  // namespace

Result<OciSpec> parse_oci_spec(std::string_view json) {
  if (json.size() > kSpecMax_bytes) {
    return failure(ErrorCode::kTooLarge, "config.json is larger than " + std::to_string(kSpecMax_bytes) + " bytes");
  }
  auto object = parse_json_object(json, "config.json");
  if (!object) return pass_on(object.error());
  FieldReader fields(*object);
  static_cast<void>(fields.required_text("ociVersion"));
  OciSpec spec;
  spec.annotations = fields.text_map("annotations", is_known_annotation);
  if (const auto classid = fields.number("linux.resources.network.classID", 0xffff'ffff)) {
    spec.classid = static_cast<std::uint32_t>(*classid);
  }
  spec.cgroups_path = fields.text("linux.cgroupsPath");
  spec.has_own_mounts = makes_mount_namespace(*object);
  if (fields.failed()) return pass_on(fields.first_failure().value(), "config.json");
  return spec;
}

}  // namespace netclsd
