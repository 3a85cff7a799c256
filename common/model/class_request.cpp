#include "common/model/class_request.h"

#include "common/base/text.h"
#include "common/model/pod_identity.h"

namespace netclsd {
namespace {

// For errors: its end is a container's name.
std::string shown(const std::string& key) { return printable(key, 2 * kPrintableMax_bytes); }

const std::string* find(const Annotations& annotations, const std::string& key) {
  const auto found = annotations.find(key);
  return found == annotations.end() ? nullptr : &found->second;
}

// One level: the pod's (empty suffix) or a container's (".NAME").
Result<std::optional<ClassRequest>> request_at_level(const Annotations& annotations, const std::string& suffix) {
  const std::string classid_key = kClassIdAnnotation + suffix;
  const std::string class_key = kClassAnnotation + suffix;
  const std::string* classid = find(annotations, classid_key);
  const std::string* name = find(annotations, class_key);
  if (classid && name)
    return invalid("annotations " + shown(classid_key) + " and " + shown(class_key) + " contradict each other");
  if (name && name->empty()) return invalid("annotation " + shown(class_key) + " is empty");
  if (name) return ClassRequest{ClassName{*name}, class_key};
  if (!classid) return std::nullopt;
  auto parsed = ClassId::parse(*classid);
  if (!parsed) return pass_on(parsed.error(), "annotation " + shown(classid_key));
  return ClassRequest{*parsed, classid_key};
}

}  // namespace

Result<std::optional<ClassRequest>> class_request(const Annotations& annotations,
                                                  std::optional<std::uint32_t> spec_classid) {
  if (const std::string name = container_name(annotations); !name.empty()) {
    auto request = request_at_level(annotations, "." + name);
    if (!request || request->has_value()) return request;
  }
  auto request = request_at_level(annotations, "");
  if (!request || request->has_value()) return request;
  if (const auto class_id = ClassId::from_raw(spec_classid.value_or(0))) {
    return ClassRequest{*class_id, "linux.resources.network.classID"};
  }
  return std::nullopt;
}

}  // namespace netclsd
