// The little of HTTP that is read and written without the HTTP library. Pure.
//
// Reading: where a request ends. This is decided from the bytes alone, before the library parses any of them, because
// the library reads from a stream and would wait for the rest. The accepted requests are a strict subset of RFC 9112:
// lines end in CRLF, a header is a token, a colon and a value without control characters, and a body has exactly one
// Content-Length. So this code and the library cannot disagree about the end of a request.
//
// Writing: the answer to a client that may not ask, asks nonsense, asks too much, is too late, or comes when the agent
// is too busy.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace netclsd {

struct FramingLimits {
  std::size_t head_max_bytes = 64U << 10;  // the request line and the headers, with the empty line after them
  std::size_t body_max_bytes = 1U << 20;
};

enum class Framing {
  kMore,       // no error so far
  kWhole,      // the whole request has come, and perhaps more than that
  kTooLarge,   // the head if its end has not come, otherwise the body
  kMalformed,  // no further bytes can make it a request
};

struct Frame {
  Framing framing = Framing::kMore;
  // kMore: the outcome will not change before this many bytes have come. kWhole: the size of the request.
  std::size_t wanted_bytes = 0;
};

// `received`: everything that has come on a connection.
[[nodiscard]] Frame measure(std::string_view received, const FramingLimits& limits);

// GET or HEAD. `request` is whole.
[[nodiscard]] bool only_reads(std::string_view request);

// The head of a request, with the empty line at its end. Empty if that line has not come.
[[nodiscard]] std::string_view head_of(std::string_view received);

inline constexpr const char* kProblemContentType = "application/problem+json";

struct Problem {
  int status = 500;
  std::string detail;  // one line for people
};

// The whole answer, ready for the network.
[[nodiscard]] std::string problem_answer(const Problem& problem);

}  // namespace netclsd
