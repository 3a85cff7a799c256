#include "agent/http/http_message.h"

#include <algorithm>
#include <cstdint>
#include <optional>

#include "common/api/messages.h"
#include "common/base/text.h"

namespace netclsd {
namespace {

constexpr std::string_view kLineEnd = "\r\n";
constexpr std::string_view kHeadEnd = "\r\n\r\n";
constexpr std::string_view kAlsoToken = "!#$%&'*+-.^_`|~";  // besides letters and digits: RFC 9110, 5.6.2

// What the headers say about the body.
struct BodyLength {
  std::optional<std::uint64_t> bytes;
  bool is_elsewhere = false;  // in chunks, or sent after a "100 Continue": refused, so nobody waits for it
};

bool is_letter_or_digit(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'); }

bool is_token(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return is_letter_or_digit(c) || kAlsoToken.find(c) != std::string_view::npos;
  });
}

bool is_control(char c) { return (static_cast<unsigned char>(c) < ' ' && c != '\t') || c == '\x7f'; }

bool has_control(std::string_view line) { return std::any_of(line.begin(), line.end(), is_control); }

bool is_same_name(std::string_view name, std::string_view lower_case) {
  const auto is_same = [](char a, char b) { return (a >= 'A' && a <= 'Z' ? a - 'A' + 'a' : a) == b; };
  return std::equal(name.begin(), name.end(), lower_case.begin(), lower_case.end(), is_same);
}

std::string_view trimmed(std::string_view value) {
  const std::size_t begin = value.find_first_not_of(" \t");
  if (begin == std::string_view::npos) return {};
  return value.substr(begin, value.find_last_not_of(" \t") - begin + 1);
}

// False: malformed.
bool note_header(std::string_view line, BodyLength& length) {
  const std::size_t colon = line.find(':');
  if (colon == std::string_view::npos || has_control(line)) return false;
  const std::string_view name = line.substr(0, colon);
  if (!is_token(name)) return false;
  if (is_same_name(name, "transfer-encoding") || is_same_name(name, "expect")) length.is_elsewhere = true;
  if (!is_same_name(name, "content-length")) return true;
  if (length.bytes) return false;  // two of them: a proxy in front of us may believe the other one
  length.bytes = parse_unsigned(trimmed(line.substr(colon + 1)));
  return length.bytes.has_value();
}

// Takes the first line off `rest`.
std::string_view next_line(std::string_view& rest) {
  const std::size_t end = rest.find(kLineEnd);
  const std::string_view line = rest.substr(0, end);
  rest.remove_prefix(end + kLineEnd.size());
  return line;
}

// std::nullopt: malformed. Of the request line it is only checked that it is a line; the library reads it.
std::optional<BodyLength> body_length(std::string_view head) {
  BodyLength length;
  head.remove_suffix(kLineEnd.size());
  const std::string_view request_line = next_line(head);
  if (request_line.empty() || has_control(request_line)) return std::nullopt;
  while (!head.empty()) {
    if (!note_header(next_line(head), length)) return std::nullopt;
  }
  return length;
}

// False as soon as a bare LF is seen. Such a request never gets its CRLF CRLF; refusing it now is better than letting
// the client run into its deadline.
bool may_become_head(std::string_view received) {
  if (received.starts_with(kLineEnd)) return false;
  for (std::size_t at = received.find('\n'); at != std::string_view::npos; at = received.find('\n', at + 1)) {
    if (at == 0 || received[at - 1] != '\r') return false;
  }
  return true;
}

Frame measure_head(std::string_view received, const FramingLimits& limits) {
  if (received.size() >= limits.head_max_bytes) return {Framing::kTooLarge};
  if (!may_become_head(received)) return {Framing::kMalformed};
  return {Framing::kMore, received.size() + 1};
}

}  // namespace

std::string_view head_of(std::string_view received) {
  const std::size_t end = received.find(kHeadEnd);
  return end == std::string_view::npos ? std::string_view() : received.substr(0, end + kHeadEnd.size());
}

// The library does the same: the method is everything before the first blank.
bool only_reads(std::string_view request) { return request.starts_with("GET ") || request.starts_with("HEAD "); }

Frame measure(std::string_view received, const FramingLimits& limits) {
  const std::string_view head = head_of(received.substr(0, limits.head_max_bytes));
  if (head.empty()) return measure_head(received, limits);
  const auto length = body_length(head);
  if (!length) return {Framing::kMalformed};
  if (length->is_elsewhere) return {Framing::kWhole, head.size()};
  const std::uint64_t body_bytes = length->bytes.value_or(0);
  if (body_bytes > limits.body_max_bytes) return {Framing::kTooLarge};
  const std::size_t size = head.size() + static_cast<std::size_t>(body_bytes);
  return {received.size() < size ? Framing::kMore : Framing::kWhole, size};
}

std::string problem_answer(const Problem& problem) {
  const std::string body = problem_json(problem.status, problem.detail);
  std::string answer = "HTTP/1.1 " + std::to_string(problem.status) + " " + status_text(problem.status) + "\r\n";
  if (problem.status == 503) answer += "Retry-After: 1\r\n";
  return answer + "Connection: close\r\nContent-Type: " + kProblemContentType +
         "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

}  // namespace netclsd
