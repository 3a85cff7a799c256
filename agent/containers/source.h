// What each source of registrations promises, so that nothing else asks who brought one. Pure.
#pragma once

#include "agent/metrics/counters.h"
#include "common/api/messages.h"

namespace netclsd {

// Init has not run its first instruction: it has no children, and nobody has entered the container.
[[nodiscard]] inline bool is_before_first_instruction(const RegisterRequest& request) {
  switch (request.source) {
    case RegistrationSource::kHook:
      return true;
    case RegistrationSource::kNri:
      return request.init_waits;  // else it ran before the plugin was connected
    case RegistrationSource::kSpool:
    case RegistrationSource::kApi:
    case RegistrationSource::kRecovered:
      return false;
  }
  return false;
}

// The runtime's word: which process is init is not a person's claim.
[[nodiscard]] constexpr bool is_the_runtime(RegistrationSource source) {
  switch (source) {
    case RegistrationSource::kHook:
    case RegistrationSource::kNri:
    case RegistrationSource::kSpool:
      return true;
    case RegistrationSource::kApi:
    case RegistrationSource::kRecovered:
      return false;
  }
  return false;
}

[[nodiscard]] constexpr SourceLabel label(RegistrationSource source) {
  switch (source) {
    case RegistrationSource::kHook:
      return SourceLabel::kHook;
    case RegistrationSource::kNri:
      return SourceLabel::kNri;
    case RegistrationSource::kSpool:
      return SourceLabel::kSpool;
    case RegistrationSource::kApi:
      return SourceLabel::kApi;
    case RegistrationSource::kRecovered:
      return SourceLabel::kRecovered;
  }
  return SourceLabel::kApi;
}

}  // namespace netclsd
