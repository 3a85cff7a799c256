#include "common/api/messages.h"
#include "common/json/fields.h"

namespace netclsd {
const char* status_text(int status) {
  switch (status) {
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 408:
      return "Request Timeout";
    case 409:
      return "Conflict";
    case 411:
      return "Length Required";
    case 413:
      return "Content Too Large";
    case 414:
      return "URI Too Long";
    case 415:
      return "Unsupported Media Type";
    case 417:
      return "Expectation Failed";
    case 431:
      return "Request Header Fields Too Large";
    case 500:
      return "Internal Server Error";
    case 503:
      return "Service Unavailable";
    default:
      return "Error";
  }
}

std::string problem_json(int status, std::string_view detail, std::string_view type) {
  OrderedJson json;
  json["type"] = std::string(type);
  json["title"] = status_text(status);
  json["status"] = status;
  json["detail"] = std::string(detail);
  return dump(json);
}

bool is_not_mounted_problem(std::string_view body) {
  const auto problem = parse_json_object(body, "problem");
  return problem && FieldReader(*problem).text("type") == kNotMountedProblem;
}

int http_status(ErrorCode code) {
  switch (code) {
    case ErrorCode::kInvalid:
      return 400;
    case ErrorCode::kForbidden:
      return 403;
    case ErrorCode::kNotFound:
      return 404;
    case ErrorCode::kConflict:
      return 409;
    case ErrorCode::kTooLarge:
      return 413;
    case ErrorCode::kUnavailable:
    case ErrorCode::kNotMounted:
      return 503;
    case ErrorCode::kSystem:
      return 500;
  }
  return 500;
}

}  // namespace netclsd
