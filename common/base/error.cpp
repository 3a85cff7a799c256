#include "common/base/error.h"

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <system_error>
#include <utility>

namespace netclsd {
namespace {

bool is_for_want(int err) { return err == EMFILE || err == ENFILE || err == ENOMEM; }

}  // namespace

Failure failure(ErrorCode code, std::string message) { return Failure(Error(code, std::move(message))); }

Failure invalid(std::string message) { return failure(ErrorCode::kInvalid, std::move(message)); }

Failure system_failure(int err, std::string_view operation, std::string_view object) {
  std::string message(operation);
  if (!object.empty()) message.append(" ").append(object);
  message.append(": ").append(std::generic_category().message(err));
  return Failure(Error(is_for_want(err) ? ErrorCode::kUnavailable : ErrorCode::kSystem, std::move(message), err));
}

Failure pass_on(Error error, std::string_view context) {
  if (context.empty()) return Failure(std::move(error));
  return Failure(Error(error.code(), std::string(context) + ": " + error.message(), error.sys_errno()));
}

void check_failed(const char* condition, const char* file, int line) {
  std::fprintf(stderr, "netclsd: bug: %s does not hold at %s:%d\n", condition, file, line);
  std::abort();
}

}  // namespace netclsd
