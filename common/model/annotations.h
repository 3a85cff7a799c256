// What a container's annotations say: which class it asks for, and which pod it belongs to. Agent and hook share this
// code, because the hook must know an explicit classid when the agent is away. Pure.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "common/base/error.h"
#include "common/model/class_id.h"

namespace netclsd {

using Annotations = std::map<std::string, std::string>;

inline constexpr const char* kClassIdAnnotation = "netclsd.io/classid";
inline constexpr const char* kClassAnnotation = "netclsd.io/class";

// A class's name. The agent's configuration says which classid it stands for.
struct ClassName {
  std::string text;
  friend bool operator==(const ClassName&, const ClassName&) = default;
};

struct ClassRequest {
  std::variant<ClassId, ClassName> wanted;
  std::string origin;  // for people: the annotation's key, or "linux.resources.network.classID"
  friend bool operator==(const ClassRequest&, const ClassRequest&) = default;
};

// Precedence: annotation for this container, annotation for the pod, the spec's classID (0 means none). std::nullopt:
// no class is asked for. A class and a classid at the same level, or a classid that does not parse, is an error that
// names the key.
[[nodiscard]] Result<std::optional<ClassRequest>> class_request(const Annotations& annotations,
                                                                std::optional<std::uint32_t> spec_classid);

// No runtime says the service account. The pod's author writes this annotation; an admission policy has to check it.
inline constexpr const char* kServiceAccountAnnotation = "netclsd.io/service-account";

// Which pod a container belongs to. A pod's author can write annotations too, so only those are believed that the
// runtime sets itself:
//
// containerd sets io.kubernetes.cri.* last, over the pod's annotations. CRI-O copies nearly all of a pod's annotations,
// then sets io.kubernetes.cri-o.ContainerType and the kubelet's labels (io.kubernetes.pod.namespace,
// io.kubernetes.pod.name, io.kubernetes.container.name). So a pod can write the keys of the runtime that it does not
// run on, but never those of the runtime that it runs on. Where both are there, they must agree.
struct PodIdentity {
  std::optional<std::string> pod_namespace = "";  // empty: not in a pod; std::nullopt: the runtime does not say
  std::string pod = {};
  std::string container = {};                       // its name within the pod
  std::optional<std::string> service_account = {};  // as the pod's author claims
  bool is_sandbox = false;                          // a pod's pause container: never managed
  friend bool operator==(const PodIdentity&, const PodIdentity&) = default;
};

// kForbidden: two runtimes' keys contradict each other, or a name is longer than Kubernetes allows. Names the keys.
[[nodiscard]] Result<PodIdentity> pod_identity(const Annotations& annotations);

// Which pod a runtime says that a container belongs to, by other means than annotations. Empty: it does not say.
struct SaidIdentity {
  std::string_view pod_namespace;
  std::string_view pod;
  std::string_view container;
};
// Writes it in the keys that pod_identity() reads, and takes out whatever they said before.
void set_identity(Annotations& annotations, const SaidIdentity& said);

// Whether we read this annotation. All others are skipped; they may be large.
[[nodiscard]] bool is_known_annotation(std::string_view key);

// Whether the annotation matters for the container of this name within its pod. `container` is empty for a container
// without such a name.
[[nodiscard]] bool decides_about(std::string_view key, std::string_view container);

// Single parts of the identity. Empty if the keys contradict each other.
[[nodiscard]] std::string container_name(const Annotations& annotations);
[[nodiscard]] std::string pod_namespace(const Annotations& annotations);

}  // namespace netclsd
