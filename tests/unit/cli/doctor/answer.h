// The agent's answers in tests of netclsctl doctor.
#pragma once

#include <string>

#include "cli/doctor/facts.h"

namespace netclsd::cli {

inline Result<Json> answer(const std::string& text) { return parse_json_object(text, "the test's answer"); }

inline HostFacts with_status(const std::string& text) {
  HostFacts facts;
  facts.agent_status = answer(text);
  return facts;
}

inline HostFacts with_containers(const std::string& list) {
  HostFacts facts;
  facts.agent_containers = answer(R"({"containers":)" + list + "}");
  return facts;
}

inline HostFacts without_agent() {
  HostFacts facts;
  facts.agent_status = failure(ErrorCode::kUnavailable, "away");
  facts.agent_containers = failure(ErrorCode::kUnavailable, "away");
  return facts;
}

}  // namespace netclsd::cli
