// The body of PUT /v1/containers/{id} and a spool file, which is the same with the id inside.
#include "common/api/messages.h"
#include "common/base/error.h"
#include "tests/fuzz/fuzz.h"

namespace netclsd {
namespace {

void check_request(std::string_view text) {
  const auto request = parse_register_request(text);
  if (!request) return check_error(request.error());
  CHECK(request->pid.value > 0);
  CHECK(parse_register_request(to_json(*request)) == *request);
  const auto wanted = class_request(request->annotations, request->spec_classid);
  if (!wanted) check_error(wanted.error());
}

void check_spool_entry(std::string_view text) {
  const auto entry = parse_spool_entry(text);
  if (!entry) return check_error(entry.error());
  const auto again = parse_spool_entry(to_json(*entry));
  CHECK(again && again->id == entry->id && again->request == entry->request);
}

}  // namespace

void fuzz_one(std::string_view input) {
  check_request(input);
  check_spool_entry(input);
}

}  // namespace netclsd
