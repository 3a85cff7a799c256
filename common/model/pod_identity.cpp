#include "common/model/pod_identity.h"

#include "common/base/text.h"

namespace netclsd {
namespace {

constexpr std::size_t kPodNameMax = 253;  // of a DNS subdomain: the longest name that Kubernetes gives to anything

// Where each runtime tells one fact.
struct Keys {
  const char* containerd;
  const char* crio;
};
constexpr Keys kNamespace = {"io.kubernetes.cri.sandbox-namespace", "io.kubernetes.pod.namespace"};
constexpr Keys kPod = {"io.kubernetes.cri.sandbox-name", "io.kubernetes.pod.name"};
constexpr Keys kContainer = {"io.kubernetes.cri.container-name", "io.kubernetes.container.name"};
constexpr Keys kType = {"io.kubernetes.cri.container-type", "io.kubernetes.cri-o.ContainerType"};

const std::string* find(const Annotations& annotations, const char* key) {
  const auto found = annotations.find(key);
  return found == annotations.end() ? nullptr : &found->second;
}

Failure refused(std::string message) { return failure(ErrorCode::kForbidden, std::move(message)); }

std::string shown(const std::string& value) { return " (\"" + printable(value, kPodNameMax) + "\")"; }

Result<std::string> bounded(const char* key, const std::string& value) {
  if (value.size() <= kPodNameMax) return value;
  return refused(std::string("annotation ") + key + " is longer than " + std::to_string(kPodNameMax) + " characters");
}

// Empty if neither tells it.
Result<std::string> agreed(const Annotations& annotations, const Keys& keys) {
  const std::string* one = find(annotations, keys.containerd);
  const std::string* other = find(annotations, keys.crio);
  if (one != nullptr && other != nullptr && *one != *other) {
    return refused(std::string("annotations ") + keys.containerd + shown(*one) + " and " + keys.crio + shown(*other) +
                   " contradict each other");
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

}  // namespace

Result<PodIdentity> pod_identity(const Annotations& annotations) {
  PodIdentity identity;
  auto name_space = agreed(annotations, kNamespace);
  if (!name_space) return pass_on(name_space.error());
  // Versions of containerd that say what kind of container it is, and not whose.
  const bool is_untold = name_space->empty() && find(annotations, kType.containerd) != nullptr;
  identity.pod_namespace = is_untold ? std::nullopt : std::optional(*std::move(name_space));
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

std::string container_name(const Annotations& annotations) { return agreed(annotations, kContainer).value_or(""); }

std::string pod_namespace(const Annotations& annotations) { return agreed(annotations, kNamespace).value_or(""); }

}  // namespace netclsd
