// Which pod a container belongs to, read from its annotations. A pod's author writes annotations, too, so only what the
// runtime says itself is believed:
//
// containerd sets io.kubernetes.cri.* last, over the pod's annotations. CRI-O takes over nearly all of a pod's
// annotations, then sets io.kubernetes.cri-o.ContainerType and the kubelet's labels (io.kubernetes.pod.namespace,
// io.kubernetes.pod.name, io.kubernetes.container.name). So a pod can write the keys of the runtime that it does not
// run on, never those of the one that it does. Where the two speak of the same thing they must agree. Pure.
#pragma once

#include <optional>
#include <string>

#include "common/base/error.h"
#include "common/model/class_request.h"

namespace netclsd {

// No runtime tells the service account. This annotation is the pod's own word, which admission has to check.
inline constexpr const char* kServiceAccountAnnotation = "netclsd.io/service-account";

struct PodIdentity {
  std::optional<std::string> pod_namespace = "";  // empty: no pod's; none: a pod's whose runtime does not tell
  std::string pod = {};
  std::string container = {};                       // its name within the pod
  std::optional<std::string> service_account = {};  // as the pod claims
  bool is_sandbox = false;                          // a pod's pause container: never managed
  friend bool operator==(const PodIdentity&, const PodIdentity&) = default;
};

// kForbidden: two runtimes' keys contradict each other, or a name is longer than Kubernetes allows. Names the keys.
[[nodiscard]] Result<PodIdentity> pod_identity(const Annotations& annotations);

// The parts of it that are read alone; empty where the keys contradict each other.
[[nodiscard]] std::string container_name(const Annotations& annotations);
[[nodiscard]] std::string pod_namespace(const Annotations& annotations);

}  // namespace netclsd
