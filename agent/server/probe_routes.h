// What the kubelet, Prometheus and a browser ask: /livez, /readyz, /metrics and /. Nothing here waits for the loop.
#pragma once

#include "agent/engine/counters.h"
#include "agent/server/http_server.h"
#include "agent/server/readiness.h"

namespace netclsd {

// `counters` and `readiness` outlive the server.
void add_probe_routes(HttpServer& server, const Counters& counters, const Readiness& readiness);

}  // namespace netclsd
