// cpp-httplib as a router: it parses a whole request, finds the route, and formats the whole answer. It sees no socket.
//
// Unknown paths, malformed requests and exceptions of libraries become application/problem+json. Answers of 500 and
// above are logged, repeats are counted. Routes are added before the first request; answer_to() is for any thread.
#pragma once

#include <httplib.h>

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>

#include "agent/http/basic_auth.h"
#include "agent/logging/log.h"
#include "common/api/messages.h"

namespace netclsd {

struct RouterOptions {
  bool is_read_only = true;  // only GET and HEAD
  LoginCheck check_login;    // empty: everybody is accepted
};

class Router : public httplib::Server {
 public:
  explicit Router(RouterOptions options = {});

  // `request` is whole, as measure() in agent/http/http_message.h finds it.
  [[nodiscard]] std::string answer_to(std::string_view request);

 protected:
  struct Exchange {
    std::string answer;
    std::size_t unread_bytes = 0;  // of the request
  };
  // The library alone. May throw what the library throws.
  [[nodiscard]] Exchange process(std::string_view request);

 private:
  void log_answer(const httplib::Request& request, const httplib::Response& response);

  const RouterOptions options_;
  RepeatGuard repeats_;
};

// Makes `response` one that says what is wrong.
void set_problem(httplib::Response& response, int status, const std::string& detail,
                 const std::string& type = kPlainProblem);

}  // namespace netclsd
