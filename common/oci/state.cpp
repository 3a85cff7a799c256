#include "common/oci/state.h"

#include "common/json/fields.h"

namespace netclsd {
namespace {

constexpr std::uint64_t kPidMax = 0x7fff'ffff;

}  // namespace

Result<OciState> parse_oci_state(std::string_view json) {
  if (json.size() > kStateMax_bytes) {
    return failure(ErrorCode::kTooLarge, "OCI state is larger than " + std::to_string(kStateMax_bytes) + " bytes");
  }
  auto object = parse_json_object(json, "OCI state");
  if (!object) return pass_on(object.error());
  FieldReader fields(*object);
  auto id = ContainerId::parse(fields.required_text("id"));
  const std::uint64_t pid = fields.number("pid", kPidMax).value_or(0);
  std::string status = fields.text("status");
  std::string bundle = fields.text("bundle");
  Annotations annotations = fields.text_map("annotations");
  if (fields.failed()) return pass_on(fields.first_failure().value(), "OCI state");
  if (!id) return pass_on(id.error(), "OCI state");
  return OciState{.id = *std::move(id),
                  .status = std::move(status),
                  .pid = Pid{static_cast<std::int32_t>(pid)},
                  .bundle = std::move(bundle),
                  .annotations = std::move(annotations)};
}

}  // namespace netclsd
