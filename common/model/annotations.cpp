#include "common/model/annotations.h"

#include <utility>

#include "common/base/text.h"

namespace netclsd {
namespace {

// For errors: the end of a key may be a container's name.
std::string shown_key(const std::string& key) { return printable(key, 2 * kPrintableMax_bytes); }

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
    return invalid("annotations " + shown_key(classid_key) + " and " + shown_key(class_key) + " contradict each other");
  if (name && name->empty()) return invalid("annotation " + shown_key(class_key) + " is empty");
  if (name) return ClassRequest{ClassName{*name}, class_key};
  if (!classid) return std::nullopt;
  auto parsed = ClassId::parse(*classid);
  if (!parsed) return pass_on(parsed.error(), "annotation " + shown_key(classid_key));
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

namespace {

constexpr std::string_view kOwnPrefix = "netclsd.io/";
constexpr std::size_t kPodNameMax = 253;  // of a DNS subdomain, the longest name in Kubernetes

// The annotations by which each runtime says one fact.
struct Keys {
  const char* containerd;
  const char* crio;
};
constexpr Keys kNamespace = {"io.kubernetes.cri.sandbox-namespace", "io.kubernetes.pod.namespace"};
constexpr Keys kPod = {"io.kubernetes.cri.sandbox-name", "io.kubernetes.pod.name"};
constexpr Keys kContainer = {"io.kubernetes.cri.container-name", "io.kubernetes.container.name"};
constexpr Keys kType = {"io.kubernetes.cri.container-type", "io.kubernetes.cri-o.ContainerType"};

Failure refused(std::string message) { return failure(ErrorCode::kForbidden, std::move(message)); }

std::string shown_value(const std::string& value) { return " (\"" + printable(value, kPodNameMax) + "\")"; }

Result<std::string> bounded(const char* key, const std::string& value) {
  if (value.size() <= kPodNameMax) return value;
  return refused(std::string("annotation ") + key + " is longer than " + std::to_string(kPodNameMax) + " characters");
}

// Empty: neither runtime says it.
Result<std::string> agreed(const Annotations& annotations, const Keys& keys) {
  const std::string* one = find(annotations, keys.containerd);
  const std::string* other = find(annotations, keys.crio);
  if (one != nullptr && other != nullptr && *one != *other) {
    return refused(std::string("annotations ") + keys.containerd + shown_value(*one) + " and " + keys.crio +
                   shown_value(*other) + " contradict each other");
  }
  if (one != nullptr) return bounded(keys.containerd, *one);
  if (other != nullptr) return bounded(keys.crio, *other);
  return std::string();
}

Result<std::optional<std::string>> claimed_service_account(const Annotations& annotations) {
  const std::string* claim = find(annotations, kServiceAccountAnnotation);
  if (claim == nullptr) return std::nullopt;
  auto name = bounded(kServiceAccountAnnotation, *claim);
  if (!name) return pass_on(name.error());
  return *std::move(name);
}

bool is_identity_key(std::string_view key) {
  for (const Keys& keys : {kNamespace, kPod, kContainer, kType}) {
    if (key == keys.containerd || key == keys.crio) return true;
  }
  return false;
}

}  // namespace

Result<PodIdentity> pod_identity(const Annotations& annotations) {
  PodIdentity identity;
  auto name_space = agreed(annotations, kNamespace);
  if (!name_space) return pass_on(name_space.error());
  // Some versions of containerd say the type of the container, but not the namespace of its pod.
  const bool is_not_said = name_space->empty() && find(annotations, kType.containerd) != nullptr;
  identity.pod_namespace = is_not_said ? std::nullopt : std::optional(*std::move(name_space));
  for (const auto& [keys, part] : {std::pair(&kPod, &identity.pod), std::pair(&kContainer, &identity.container)}) {
    auto name = agreed(annotations, *keys);
    if (!name) return pass_on(name.error());
    *part = *std::move(name);
  }
  auto service_account = claimed_service_account(annotations);
  if (!service_account) return pass_on(service_account.error());
  identity.service_account = *std::move(service_account);
  const auto type = agreed(annotations, kType);
  if (!type) return pass_on(type.error());
  identity.is_sandbox = *type == "sandbox";
  return identity;
}

void set_identity(Annotations& annotations, const SaidIdentity& said) {
  std::erase_if(annotations, [](const auto& entry) { return is_identity_key(entry.first); });
  annotations.emplace(kType.containerd, "container");
  for (const auto& [keys, value] : {std::pair(&kNamespace, said.pod_namespace), std::pair(&kPod, said.pod),
                                    std::pair(&kContainer, said.container)}) {
    if (!value.empty()) annotations.emplace(keys->containerd, value);
  }
}

bool is_known_annotation(std::string_view key) { return key.starts_with(kOwnPrefix) || is_identity_key(key); }

bool decides_about(std::string_view key, std::string_view container) {
  if (is_identity_key(key) || key == kServiceAccountAnnotation) return true;
  for (const std::string_view own : {kClassIdAnnotation, kClassAnnotation}) {
    if (key == own) return true;
    const bool is_of_one = key.starts_with(own) && key.substr(own.size()).starts_with('.');
    if (is_of_one && !container.empty() && key.substr(own.size() + 1) == container) return true;
  }
  return false;
}

std::string container_name(const Annotations& annotations) { return agreed(annotations, kContainer).value_or(""); }

std::string pod_namespace(const Annotations& annotations) { return agreed(annotations, kNamespace).value_or(""); }

}  // namespace netclsd
