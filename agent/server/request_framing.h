// Where a request ends: decided from the bytes alone, before any of them is parsed by the HTTP library, which reads
// from a stream and would have to wait for the rest. Pure.
//
// What is accepted is a strict subset of RFC 9112: lines end in CRLF, a header is a token, a colon and a value without
// control characters, and a body has one Content-Length. So there is no request about whose end this function and the
// library could disagree.
#pragma once

#include <cstddef>
#include <string_view>

namespace netclsd {

struct FramingLimits {
  std::size_t head_max_bytes = 64U << 10;  // the request's line and headers, with the empty line after them
  std::size_t body_max_bytes = 1U << 20;
};

enum class Framing {
  kMore,       // so far so good
  kWhole,      // the whole request is there, and perhaps more than that
  kTooLarge,   // the head, if it has no end, or else the body
  kMalformed,  // whatever comes yet, it will be no request
};

struct Frame {
  Framing framing = Framing::kMore;
  // kMore: the outcome will not change before so many bytes are there. kWhole: the request's size.
  std::size_t wanted_bytes = 0;
};

// `received`: all that has come on a connection.
[[nodiscard]] Frame measure(std::string_view received, const FramingLimits& limits);
[[nodiscard]] inline Framing frame(std::string_view received, const FramingLimits& limits) {
  return measure(received, limits).framing;
}

// GET or HEAD, of a whole request.
[[nodiscard]] bool only_reads(std::string_view request);

// The head of a request: up to and with the empty line, or nothing if that has not come.
[[nodiscard]] std::string_view head_of(std::string_view received);

}  // namespace netclsd
