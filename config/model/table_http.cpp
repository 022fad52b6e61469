#include "config/model/tables.hpp"

namespace o3::config::tables {

std::span<const field> data_and_http() {
  static const field rows[] = {
    {"data.dir", O3_FIELD(data, dir),
     "Directory of everything O3 keeps. Empty: /var/lib/o3 for root, else $XDG_DATA_HOME/o3 or "
     "~/.local/share/o3."},
    {"data.restored", O3_FIELD(data, restored),
     "Say so for one start after the whole directory was put back from a backup: what may have "
     "been "
     "launched since is searched for first. A store put back alone is noticed."},
    {"http.listen", O3_FIELD(http, listen),
     "Address and port of the API, HOST:PORT; port 0 takes any free one."},
    {"http.insecure", O3_FIELD(http, insecure),
     "Allow an http.listen that other machines reach although the API has no TLS of its own."},
    {"http.threads", O3_FIELD(http, threads), "Threads that read and write connections.", {1, 64}},
    {"http.head_bytes",
     O3_FIELD(http, head_bytes),
     "Longest request line and headers together.",
     {kib, mib}},
    {"http.headers_max",
     O3_FIELD(http, headers_max),
     "Most header fields of a request.",
     {8, 1024}},
    {"http.body_bytes", O3_FIELD(http, body_bytes), "Longest request body.", {kib, gib}},
    {"http.connections",
     O3_FIELD(http, connections),
     "Most connections open at once.",
     {1, 1'000'000}},
    {"http.connections_per_address",
     O3_FIELD(http, connections_per_address),
     "Most connections open at once from one address.",
     {1, 1'000'000}},
    {"http.in_flight",
     O3_FIELD(http, in_flight),
     "Most requests worked on at once; more are answered 503.",
     {1, 1'000'000}},
    {"http.pipeline",
     O3_FIELD(http, pipeline),
     "Requests read ahead on one connection.",
     {1, 1024}},
    {"http.streams",
     O3_FIELD(http, streams),
     "Most event and log streams open at once.",
     {1, 1'000'000}},
    {"http.head_timeout_ms",
     O3_FIELD(http, head_timeout),
     "Time for the head of a request to arrive.",
     {100, day_ms}},
    {"http.body_timeout_ms",
     O3_FIELD(http, body_timeout),
     "Least time for a body to arrive; large ones get more by http.body_rate_min.",
     {100, day_ms}},
    {"http.body_rate_min",
     O3_FIELD(http, body_rate_min),
     "Bytes per second a client must keep up while sending.",
     {1, gib}},
    {"http.idle_timeout_ms",
     O3_FIELD(http, idle_timeout),
     "An idle connection is closed after this.",
     {100, day_ms}},
    {"http.handler_timeout_ms",
     O3_FIELD(http, handler_timeout),
     "A request not answered by then gets 503.",
     {1000, day_ms}},
    {"http.write_timeout_ms",
     O3_FIELD(http, write_timeout),
     "A client that takes nothing for this long is dropped.",
     {100, day_ms}},
    {"http.stream_heartbeat_ms",
     O3_FIELD(http, stream_heartbeat),
     "A silent event stream sends a comment this often.",
     {100, day_ms}},
    {"http.wait_max_s",
     O3_FIELD(http, wait_max),
     "Longest 'Prefer: wait' a submit may ask for.",
     {1, 86'400}},
    {"http.bulk_max",
     O3_FIELD(http, bulk_max),
     "Most workflows one bulk request may concern.",
     {1, 100'000}},
  };
  return rows;
}

std::span<const field> catalogue() {
  static const field rows[] = {
    {"templates.dir", O3_FIELD(templates, dir),
     "Directories with templates, beside those put by the API; empty: the templates O3 brings."},
    {"templates.revisions_max",
     O3_FIELD(templates, revisions_max),
     "Revisions kept of one template that the API stored; the oldest go.",
     {1, 100'000}},
    {"tasks.dir", O3_FIELD(tasks, dir),
     "Directories with task classes as JSON files, beside the classes O3 brings."},
  };
  return rows;
}

} // namespace o3::config::tables
