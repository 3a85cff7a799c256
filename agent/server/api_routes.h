// The API under /v1 (docs/api.md): from HTTP to AgentService and back, and nothing else.
#pragma once

#include "agent/server/http_server.h"
#include "agent/server/service.h"

namespace netclsd {

// `service` outlives the server. Its methods are called from worker threads.
void add_api_routes(HttpServer& server, AgentService& service);

}  // namespace netclsd
