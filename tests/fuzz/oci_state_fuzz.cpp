// The state that a runtime hands to the hook on stdin: its annotations are a tenant's.
#include "common/oci/oci.h"

#include "common/base/error.h"
#include "tests/fuzz/fuzz.h"

namespace netclsd {

void fuzz_one(std::string_view input) {
  const auto state = parse_oci_state(input);
  const auto id = parse_oci_state_id(input);
  if (!id) check_error(id.error());
  if (!state) return check_error(state.error());
  CHECK(id == state->id);
  CHECK(ContainerId::parse(state->id.text()) == state->id);
  CHECK(state->pid.value >= 0);
  const auto request = class_request(state->annotations, std::nullopt);
  if (!request) check_error(request.error());
}

}  // namespace netclsd
