// The REST API (DESIGN §8): one table of routes over the ports of actors/. A handler parses JSON
// into a port's struct and sends the port's JSON back; it decides nothing.
//
// Errors: every refusal is a problem document (problem.hpp). Unknown query parameters are refused.
// Threads: the router is immutable; its handlers run on the thread that dispatches and never block.
// The ports must outlive the router and every answer still under way.
#pragma once
#include "actors/catalogue/port.hpp"
#include "actors/engine/port.hpp"
#include "actors/observe/port.hpp"
#include "actors/preflight/port.hpp"
#include "actors/query/port.hpp"
#include "actors/schedules/port.hpp"
#include "actors/secrets/port.hpp"
#include "http/api/auth.hpp"
#include "http/core/router.hpp"
#include "runtime/base/limits.hpp"
#include "runtime/base/secret.hpp"

#include <chrono>

namespace o3::api {

struct services {
  engine::port& engine;
  query::port& query;
  catalogue::port& catalogue;
  observe::port& observe;
  secrets::port& secrets;
  schedules::port& schedules;
  preflight::port& preflight;
};

/// What AWX and TFE prove themselves with; empty: their webhooks are refused.
struct webhook_secrets {
  secret awx, tfe;
};

struct options {
  limits lim;
  /// `Prefer: wait=N` is cut to this. The server's handler_timeout must be longer.
  std::chrono::seconds wait_max{300};
  std::string version = "0.1.0"; ///< of O3, for /openapi.json
  webhook_secrets webhooks{};
  std::size_t bulk_max = 1000; ///< workflows one bulk request may concern
};

/// The whole API behind one authoriser.
http::router make_api(services s, token_store tokens, options o = {});

} // namespace o3::api
