#include "common/model/class_request.h"

#include <array>

#include "common/base/text.h"

namespace netclsd {
namespace {

// containerd's key first, CRI-O's second.
constexpr std::array kContainerNameKeys = {"io.kubernetes.cri.container-name", "io.kubernetes.container.name"};
constexpr std::array kNamespaceKeys = {"io.kubernetes.cri.sandbox-namespace", "io.kubernetes.pod.namespace"};
constexpr std::array kContainerTypeKeys = {"io.kubernetes.cri.container-type", "io.kubernetes.cri-o.ContainerType"};

// For errors: its end is a container's name.
std::string shown(const std::string& key) { return printable(key, 2 * kPrintableMax_bytes); }

const std::string* find(const Annotations& annotations, const std::string& key) {
  const auto found = annotations.find(key);
  return found == annotations.end() ? nullptr : &found->second;
}

std::string first_of(const Annotations& annotations, const std::array<const char*, 2>& keys) {
  for (const char* key : keys) {
    if (const std::string* value = find(annotations, key)) return *value;
  }
  return {};
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

std::string container_name(const Annotations& annotations) { return first_of(annotations, kContainerNameKeys); }

std::string pod_namespace(const Annotations& annotations) { return first_of(annotations, kNamespaceKeys); }

bool is_sandbox(const Annotations& annotations) { return first_of(annotations, kContainerTypeKeys) == "sandbox"; }

}  // namespace netclsd
