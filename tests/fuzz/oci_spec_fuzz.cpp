// A bundle's config.json, as the hook reads it: its annotations are a tenant's.
#include "common/oci/oci.h"

#include "common/base/error.h"
#include "common/model/annotations.h"
#include "tests/fuzz/fuzz.h"

namespace netclsd {

void fuzz_one(std::string_view input) {
  const auto spec = parse_oci_spec(input);
  if (!spec) return check_error(spec.error());
  const auto request = class_request(spec->annotations, spec->classid);
  if (!request) return check_error(request.error());
  if (spec->classid.value_or(0) != 0) CHECK(request->has_value());
  const auto pod = pod_identity(spec->annotations);
  if (!pod) check_error(pod.error());
}

}  // namespace netclsd
