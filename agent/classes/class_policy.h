// From what a container asks for, and whose it is, to the classid it gets, or to the rule that refuses it. Annotations
// are tenants' input: a pod may ask for anything. Pure.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "common/base/error.h"
#include "common/model/annotations.h"

namespace netclsd {

// What the pods that its patterns (matches_glob()) match may have.
struct PodRule {
  std::string name;
  std::vector<std::string> namespaces;             // "" matches what is no pod's, and nothing else does
  std::vector<std::string> service_accounts = {};  // empty: any; else the pod must claim one
  std::vector<ClassIdRange> allowed = {};          // empty: none
  friend bool operator==(const PodRule&, const PodRule&) = default;
};

enum class OnRefusal { kUnclassified, kDefaultClass };

struct PodPolicy {
  std::vector<PodRule> rules;  // the first that matches decides; where none does, nothing is allowed
  OnRefusal on_refusal = OnRefusal::kUnclassified;
  std::vector<ClassIdRange> exclusive = {};  // each of these is for one namespace at a time
  friend bool operator==(const PodPolicy&, const PodPolicy&) = default;
};

struct ClassPolicy {
  std::map<std::string, ClassId> classes;
  std::optional<std::variant<ClassId, ClassName>> default_class;  // the operator's word: only `allowed` bounds it
  std::vector<ClassIdRange> allowed;                              // for everybody; empty: all
  std::optional<PodPolicy> pods = {};                             // absent: nobody has rules of its own
};

struct ResolvedClass {
  ClassId classid;
  std::string name;           // empty if it was not asked for by name
  std::string origin;         // the annotation's key, "linux.resources.network.classID" or "default_class"
  std::string rule = {};      // which one allowed it; empty: none was needed
  bool is_exclusive = false;  // no other namespace may hold it
  friend bool operator==(const ResolvedClass&, const ResolvedClass&) = default;
};

enum class RefusalReason { kNoRule, kNotAllowed, kExclusive, kIdentity, kEnd };

struct Refusal {
  RefusalReason reason = RefusalReason::kNoRule;
  std::string rule = {};                // which one decided; empty: none
  std::optional<ClassId> classid = {};  // asked for
  std::string message = {};             // for people, the pod's author among them
  friend bool operator==(const Refusal&, const Refusal&) = default;
};

// Nothing asked for and no default.
struct NotManaged {
  friend bool operator==(NotManaged, NotManaged) = default;
};

using ClassDecision = std::variant<NotManaged, ResolvedClass, Refusal>;

// The pod is no pause container. An error (kInvalid) is one of the request: no such class.
[[nodiscard]] Result<ClassDecision> decide_class(const std::optional<ClassRequest>& request, const PodIdentity& pod,
                                                 const ClassPolicy& policy);

// What a container gets that asks for nothing.
[[nodiscard]] Result<ClassDecision> decide_default_class(const ClassPolicy& policy);

}  // namespace netclsd
