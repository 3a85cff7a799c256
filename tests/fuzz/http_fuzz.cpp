// Bytes on the agent's socket: where a request ends, and the whole server's answer to it, API and probes, with an agent
// that says yes. The framing and the HTTP library agree about the end; an answer is one well-formed answer of bounded
// size; nothing makes the server fail.
#include <cstdlib>
#include <string>

#include "agent/http/http_message.h"
#include "agent/http/router.h"
#include "agent/logging/log.h"
#include "agent/metrics/counters.h"
#include "agent/sources/api_routes.h"
#include "agent/sources/boards.h"
#include "common/base/error.h"
#include "common/base/text.h"
#include "tests/fuzz/fuzz.h"
#include "tests/unit/agent/sources/fake_service.h"

namespace netclsd {
namespace {

// Lower than the server's, so that inputs of some kilobytes meet them.
constexpr FramingLimits kLimits{.head_max_bytes = 2048, .body_max_bytes = 1024};
// No answer of ours has more, and none may grow with what was asked.
constexpr std::size_t kAnswerMax_bytes = 128U << 10;

class Service : public FakeService {
 public:
  Result<RegistrationAnswer> register_container(const ContainerId& id, const RegisterRequest& request) override {
    CHECK(request.pid.value > 0);
    return FakeService::register_container(id, request);
  }
  Result<ProcessView> explain(Pid pid) override {
    CHECK(pid.value > 0);
    return FakeService::explain(pid);
  }
  Result<StatusView> status() override { return StatusView(); }
};

// The routers of the agent's two servers.
struct Servers {
  Service service;
  Counters counters;
  Readiness readiness;
  Router api{{.is_read_only = false, .check_login = {}}};
  Router probes{{.is_read_only = true, .check_login = {}}};

  Servers() {
    set_log_level(LogLevel::kError);
    readiness.set({});
    add_api_routes(api, service);
    for (Router* router : {&api, &probes}) add_probe_routes(*router, counters, readiness);
  }
};

// The HTTP library alone, without the router's refusals: what it takes for the body, and what it left over.
class Library : public Router {
 public:
  Library() {
    set_pre_routing_handler([](const auto&, auto&) { return HandlerResponse::Unhandled; });
    const auto keep = [this](const httplib::Request& request, httplib::Response&) {
      is_called = true;
      is_plain = !request.has_header("Content-Encoding") && !request.is_multipart_form_data();
      body = request.body;
    };
    Put(".*", keep);
    Post(".*", keep);
  }
  // True: it took the request for one, and has left nothing.
  void read(std::string_view request) {
    is_called = false;
    has_left_something = process(request).unread_bytes > 0;
  }

  bool is_called = false;
  bool is_plain = false;
  bool has_left_something = false;
  std::string body;
};

// What is decided stays decided, whatever comes after it.
void check_arrival(std::string_view received, const Frame& whole) {
  for (std::size_t size = 1; size < received.size(); size += 1 + size / 4) {
    const Frame part = measure(received.substr(0, size), kLimits);
    if (part.framing == Framing::kMore) {
      CHECK(part.wanted_bytes > size);
      if (part.wanted_bytes > received.size()) CHECK(whole.framing == Framing::kMore);
      continue;
    }
    CHECK(part.framing == whole.framing && part.wanted_bytes == whole.wanted_bytes);
  }
}

void check_same_end(std::string_view request) {
  static Library library;
  library.read(request);
  if (!library.is_called) return;
  CHECK(!library.has_left_something);
  if (library.is_plain) CHECK(library.body == request.substr(head_of(request).size()));
}

// As the library sees it: what is before the first blank of the line, or all of it.
std::string_view method_of(std::string_view request) {
  const std::string_view line = request.substr(0, request.find("\r\n"));
  return line.substr(0, line.find(' '));
}

std::string_view header_in(std::string_view head, std::string_view name) {
  const std::size_t at = head.find(name);
  if (at == std::string_view::npos) return {};
  const std::string_view rest = head.substr(at + name.size());
  return rest.substr(0, rest.find("\r\n"));
}

void check_answer(const std::string& answer, bool has_body) {
  CHECK(answer.size() <= kAnswerMax_bytes);
  CHECK(answer.starts_with("HTTP/1.1 "));
  const int status = std::atoi(answer.c_str() + 9);
  CHECK(status >= 200 && status < 500);
  const std::string_view head = head_of(answer);
  CHECK(!head.empty());
  for (const std::string_view line : split(head.substr(0, head.size() - 4), '\n')) {
    CHECK(!has_control_characters(line.substr(0, line.find('\r'))));
  }
  const auto length = parse_unsigned(header_in(head, "\r\nContent-Length: "));
  const std::size_t body_bytes = answer.size() - head.size();
  // Without a length, the connection's end is the answer's.
  CHECK(has_body ? length.value_or(body_bytes) == body_bytes : body_bytes == 0);
  CHECK(length || head.find("\r\nConnection: close\r\n") != std::string_view::npos);
}

}  // namespace

void fuzz_one(std::string_view input) {
  static Servers servers;
  const Frame frame = measure(input, kLimits);
  check_arrival(input, frame);
  if (frame.framing != Framing::kWhole) return;
  CHECK(frame.wanted_bytes <= input.size());
  CHECK(frame.wanted_bytes <= kLimits.head_max_bytes + kLimits.body_max_bytes);
  const std::string_view request = input.substr(0, frame.wanted_bytes);
  check_same_end(request);
  const bool has_body = method_of(request) != "HEAD";
  check_answer(servers.api.answer_to(request), has_body);
  servers.service.calls = 0;
  check_answer(servers.probes.answer_to(request), has_body);
  CHECK(servers.service.calls == 0);
}

}  // namespace netclsd
