// Errors are values: the kind of failure, and one line that says which operation on which object failed.
//
// Every function that can fail returns a Result<T>. Expected outcomes ("the process is gone") are not errors; they are
// enumerators or std::nullopt. errno is read once, in the expression that failed, and passed by value.
#pragma once

#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <utility>

namespace netclsd {

enum class ErrorCode {
  kInvalid,      // the input is malformed: HTTP 400
  kForbidden,    // policy says no: HTTP 403
  kNotFound,     // HTTP 404
  kConflict,     // the world is not what the caller saw: HTTP 409
  kTooLarge,     // a limit is exceeded: HTTP 413
  kUnavailable,  // not now: HTTP 503
  kNotMounted,   // the net_cls hierarchy must be mounted first: HTTP 503, with a type of its own
  kSystem,       // the kernel refused: HTTP 500
};

class Error {
 public:
  Error(ErrorCode code, std::string message, int sys_errno = 0)
      : code_(code), sys_errno_(sys_errno), message_(std::move(message)) {}

  [[nodiscard]] ErrorCode code() const { return code_; }
  [[nodiscard]] int sys_errno() const { return sys_errno_; }  // 0 unless a system call failed
  // True if the same may succeed later, without anybody's help.
  [[nodiscard]] bool may_pass() const { return code_ == ErrorCode::kSystem || code_ == ErrorCode::kUnavailable; }
  [[nodiscard]] const std::string& message() const { return message_; }

 private:
  ErrorCode code_;
  int sys_errno_;
  std::string message_;
};

template <typename T>
using Result = tl::expected<T, Error>;
using Failure = tl::unexpected<Error>;

[[nodiscard]] Failure failure(ErrorCode code, std::string message);
[[nodiscard]] Failure invalid(std::string message);

// "attach pid 4711: Permission denied". kUnavailable if this process or the machine is out of descriptors or memory,
// whatever it was doing; kSystem otherwise.
[[nodiscard]] Failure system_failure(int err, std::string_view operation, std::string_view object = {});

// Passes an error on to a caller that expects another value type. `context` is put in front of the message.
[[nodiscard]] Failure pass_on(Error error, std::string_view context = {});

[[noreturn]] void check_failed(const char* condition, const char* file, int line);

}  // namespace netclsd

// For our own bugs, never for input, the kernel or a process that ends. Stays on in release builds.
#define CHECK(condition) ((condition) ? static_cast<void>(0) : ::netclsd::check_failed(#condition, __FILE__, __LINE__))
