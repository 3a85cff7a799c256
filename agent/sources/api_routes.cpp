#include "agent/sources/api_routes.h"

#include <netclsd_version.h>

#include <limits>
#include <string>

#include "agent/http/router.h"
#include "agent/metrics/agent_metrics.h"
#include "common/base/text.h"

namespace netclsd {
namespace {

using httplib::Request;
using httplib::Response;

constexpr const char* kJson = "application/json";
constexpr const char* kText = "text/plain; charset=utf-8";
constexpr const char* kContainerPath = "/v1/containers/([^/]+)";

void fail(Response& response, const Error& error) {
  const char* type = error.code() == ErrorCode::kNotMounted ? kNotMountedProblem : kPlainProblem;
  set_problem(response, http_status(error.code()), error.message(), type);
}

void succeed(Response& response, int status, const std::string& json) {
  response.status = status;
  response.set_content(json, kJson);
}

// The service's answer as JSON, or as a problem.
template <typename T>
void answer(Response& response, const Result<T>& result) {
  if (!result) return fail(response, result.error());
  succeed(response, 200, to_json(*result));
}

Result<ContainerId> container_in(const Request& request) { return ContainerId::parse(request.matches[1].str()); }

Result<Pid> pid_in(const Request& request) {
  const auto number = parse_unsigned(request.matches[1].str());
  if (!number || *number == 0 || *number > std::numeric_limits<std::int32_t>::max()) {
    return invalid("the path's last part is not a pid");
  }
  return Pid{static_cast<std::int32_t>(*number)};
}

Result<bool> force_in(const Request& request) {
  if (!request.has_param("force")) return false;
  const std::string value = request.get_param_value("force");
  if (value != "true" && value != "false") return invalid("force is true or false");
  return value == "true";
}

void put_container(AgentService& service, const Request& request, Response& response) {
  const auto id = container_in(request);
  if (!id) return fail(response, id.error());
  const auto wanted = parse_register_request(request.body);
  if (!wanted) return fail(response, wanted.error());
  const auto outcome = service.register_container(*id, *wanted);
  if (!outcome) return fail(response, outcome.error());
  succeed(response, outcome->is_new ? 201 : 200, to_json(*outcome));
}

void delete_container(AgentService& service, const Request& request, Response& response) {
  const auto id = container_in(request);
  if (!id) return fail(response, id.error());
  const auto force = force_in(request);
  if (!force) return fail(response, force.error());
  if (const auto released = service.release(*id, *force); !released) return fail(response, released.error());
  response.status = 204;
}

void get_container(AgentService& service, const Request& request, Response& response) {
  const auto id = container_in(request);
  if (!id) return fail(response, id.error());
  const auto shown = service.show(*id);
  if (!shown) return fail(response, shown.error());
  succeed(response, 200, to_json(shown->first, &shown->second));
}

void get_process(AgentService& service, const Request& request, Response& response) {
  const auto pid = pid_in(request);
  if (!pid) return fail(response, pid.error());
  answer(response, service.explain(*pid));
}

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

void add_api_routes(Router& router, AgentService& service) {
  const auto with_service = [&service](auto handle) {
    return [&service, handle](const Request& request, Response& response) { handle(service, request, response); };
  };
  router.Put(kContainerPath, with_service(put_container));
  router.Delete(kContainerPath, with_service(delete_container));
  router.Get(kContainerPath, with_service(get_container));
  router.Get("/v1/processes/([^/]+)", with_service(get_process));
  router.Get("/v1/containers", [&service](const Request&, Response& response) { answer(response, service.list()); });
  router.Post("/v1/sweep", [&service](const Request&, Response& response) { answer(response, service.sweep()); });
  router.Get("/v1/status", [&service](const Request&, Response& response) { answer(response, service.status()); });
}

void add_probe_routes(Router& router, const Counters& counters, const Readiness& readiness) {
  router.Get("/", [](const Request&, Response& response) { response.set_content(index_page(), "text/html"); });
  router.Get("/livez", [](const Request&, Response& response) { response.set_content("ok\n", kText); });
  router.Get("/readyz", [&readiness](const Request&, Response& response) { answer_ready(readiness, response); });
  router.Get("/metrics", [&counters](const Request&, Response& response) {
    response.set_content(render_metrics(counters), kMetricsContentType);
  });
}

}  // namespace netclsd
