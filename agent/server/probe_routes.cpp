#include "agent/server/probe_routes.h"

#include <netclsd_version.h>

#include <string>

#include "agent/metrics/render.h"

namespace netclsd {
namespace {

using httplib::Request;
using httplib::Response;

constexpr const char* kText = "text/plain; charset=utf-8";

std::string index_page() {
  return std::string(
             "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>netclsd</title></head><body>\n") +
         "<h1>netclsd</h1>\n<p>version " + kVersion + ", revision " + kRevision + "</p>\n<ul>\n" +
         "<li><a href=\"/livez\">/livez</a></li>\n<li><a href=\"/readyz\">/readyz</a></li>\n" +
         "<li><a href=\"/metrics\">/metrics</a></li>\n</ul>\n</body></html>\n";
}

void answer_ready(const Readiness& readiness, Response& response) {
  const auto reasons = readiness.reasons();
  std::string text = reasons.empty() ? "ok\n" : "not ready\n";
  for (const std::string& reason : reasons) text += "- " + reason + "\n";
  response.status = reasons.empty() ? 200 : 503;
  response.set_content(text, kText);
}

}  // namespace

void add_probe_routes(HttpServer& server, const Counters& counters, const Readiness& readiness) {
  server.Get("/", [](const Request&, Response& response) { response.set_content(index_page(), "text/html"); });
  server.Get("/livez", [](const Request&, Response& response) { response.set_content("ok\n", kText); });
  server.Get("/readyz", [&readiness](const Request&, Response& response) { answer_ready(readiness, response); });
  server.Get("/metrics", [&counters](const Request&, Response& response) {
    response.set_content(render_metrics(counters), kMetricsContentType);
  });
}

}  // namespace netclsd
