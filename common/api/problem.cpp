#include "common/api/messages.h"
#include "common/json/fields.h"

namespace netclsd {
namespace {

const char* title_of(int status) {
  switch (status) {
    case 400:
      return "Bad Request";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 409:
      return "Conflict";
    case 413:
      return "Content Too Large";
    case 500:
      return "Internal Server Error";
    case 503:
      return "Service Unavailable";
    default:
      return "Error";
  }
}

}  // namespace

std::string problem_json(int status, std::string_view detail) {
  OrderedJson json;
  json["type"] = "about:blank";
  json["title"] = title_of(status);
  json["status"] = status;
  json["detail"] = std::string(detail);
  return dump(json);
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
      return 503;
    case ErrorCode::kSystem:
      return 500;
  }
  return 500;
}

}  // namespace netclsd
