#include "common/oci/spec.h"

#include "common/json/fields.h"

namespace netclsd {

Result<OciSpec> parse_oci_spec(std::string_view json) {
  if (json.size() > kSpecMax_bytes) {
    return failure(ErrorCode::kTooLarge, "config.json is larger than " + std::to_string(kSpecMax_bytes) + " bytes");
  }
  auto object = parse_json_object(json, "config.json");
  if (!object) return pass_on(object.error());
  FieldReader fields(*object);
  OciSpec spec;
  spec.annotations = fields.text_map("annotations");
  if (const auto classid = fields.number("linux.resources.network.classID", 0xffff'ffff)) {
    spec.classid = static_cast<std::uint32_t>(*classid);
  }
  spec.cgroups_path = fields.text("linux.cgroupsPath");
  if (fields.failed()) return pass_on(fields.first_failure().value(), "config.json");
  return spec;
}

}  // namespace netclsd
