#include "agent/server/problem.h"

#include "common/api/messages.h"

namespace netclsd {
namespace {

const char* reason_of(int status) {
  switch (status) {
    case 400:
      return "Bad Request";
    case 403:
      return "Forbidden";
    case 408:
      return "Request Timeout";
    case 413:
      return "Content Too Large";
    case 431:
      return "Request Header Fields Too Large";
    case 503:
      return "Service Unavailable";
    default:
      return "Error";
  }
}

}  // namespace

std::string problem_answer(const Problem& problem) {
  const std::string body = problem_json(problem.status, problem.detail);
  std::string answer = "HTTP/1.1 " + std::to_string(problem.status) + " " + reason_of(problem.status) + "\r\n";
  if (problem.status == 503) answer += "Retry-After: 1\r\n";
  return answer + "Connection: close\r\nContent-Type: " + kProblemContentType +
         "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

}  // namespace netclsd
