// Below /_sim/: outside the imitated API, without a token, for whoever runs the double.
#include "tests/doubles/base/core.hpp"

#include "http/core/target.hpp"

#include <boost/asio/post.hpp>

namespace o3::doubles {

namespace {

json problem(const error& e) {
  return {{"error", e.message}, {"pointer", e.pointer}, {"hint", e.hint}};
}

} // namespace

json core::stats() const {
  json routes = json::object();
  for (const auto& [key, t] : tallies_) {
    json statuses = json::object();
    for (const auto& [status, n] : t.statuses)
      statuses[status == 0 ? "lost" : std::to_string(status)] = n;
    routes[key] = {{"count", t.count}, {"statuses", statuses}};
  }
  return {{"requests", requests_},
          {"connections", front_->connections()},
          {"ledger", book_->size()},
          {"routes", routes}};
}

http::response core::control(call& c) {
  const json body = c.body.empty() ? json(nullptr) : json::parse(c.body, nullptr, false);
  if (body.is_discarded())
    return json_answer(400, {{"error", "the body is not JSON"}});
  const bool get = c.method == "GET";
  if (get && c.path == "/_sim/stats/")
    return json_answer(200, stats());
  if (get && c.path == "/_sim/ledger/") {
    const auto since = whole_number(c.query_value("since").value_or("0"));
    return text_answer(200, "application/x-ndjson",
                       book_->lines(static_cast<std::uint64_t>(since.value_or(0))));
  }
  if (get && c.path == "/_sim/about/")
    return json_answer(200, about());
  if (c.path == "/_sim/faults/") {
    if (get)
      return json_answer(200, {{"rules", faults_.show()}});
    if (auto set = faults_.set(body); !set)
      return json_answer(400, problem(set.error()));
    if (const auto now = body.find("now"); now != body.end()) {
      auto f = fault_spec::parse(*now, "/now");
      if (!f)
        return json_answer(400, problem(f.error()));
      if (f->kind != fault_kind::purge && f->kind != fault_kind::token_expired
          && f->kind != fault_kind::refuse)
        return json_answer(400, {{"error", "only purge, token_expired and refuse happen at once"}});
      happen(*f);
    }
    return json_answer(200, {{"rules", faults_.show()}});
  }
  if (auto r = service_->control(c, body))
    return *std::move(r);
  return json_answer(404, {{"error", "nothing here; see tests/doubles/README.md"}});
}

json core::control(const std::string& method, const std::string& target, const json& body) {
  call c;
  c.method = method;
  c.target = target;
  http::target_parts parts;
  if (http::parse_origin_form(target, parts) != nullptr)
    return nullptr;
  c.path = parts.path;
  c.query = parts.query;
  c.body = body.is_null() ? "" : canonical(body);
  http::response r;
  run_on_loop([&] {
    later_.run();
    r = control(c);
    flush();
  });
  const json out = json::parse(r.body, nullptr, false);
  return out.is_discarded() ? json(r.body) : out;
}

} // namespace o3::doubles
