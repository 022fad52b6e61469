#include "http/core/router.hpp"

#include <algorithm>
#include <array>
#include <map>

namespace o3::http {

namespace {

constexpr std::size_t verbs = static_cast<std::size_t>(method::other) + 1;

std::size_t index(method m) {
  return static_cast<std::size_t>(m);
}

/// The parts between the slashes.
std::vector<std::string_view> segments_of(std::string_view path) {
  std::vector<std::string_view> out;
  while (!path.empty()) {
    const std::size_t end = std::min(path.find('/'), path.size());
    if (end != 0)
      out.push_back(path.substr(0, end));
    path.remove_prefix(std::min(end + 1, path.size()));
  }
  return out;
}

bool is_parameter(std::string_view segment) {
  return segment.size() > 2 && segment.front() == '{' && segment.back() == '}';
}

} // namespace

/// A tree of segments. A literal wins over a parameter at the same place; if it leads nowhere, the
/// parameter is tried.
struct router::table {
  struct node {
    std::map<std::string, std::size_t, std::less<>> literals;
    std::size_t parameter = 0; ///< 0: none (the root is nobody's child)
    std::array<const route*, verbs> rows{};
    bool ends = false; ///< some route ends here
    std::string allow; ///< value of the Allow header
  };
  std::vector<node> nodes{1};

  std::size_t child(std::size_t at, std::string_view segment) {
    const bool parameter = is_parameter(segment);
    if (parameter && nodes[at].parameter != 0)
      return nodes[at].parameter;
    if (!parameter)
      if (const auto hit = nodes[at].literals.find(segment); hit != nodes[at].literals.end())
        return hit->second;
    const std::size_t fresh = nodes.size();
    nodes.emplace_back();
    if (parameter)
      nodes[at].parameter = fresh;
    else
      nodes[at].literals.emplace(segment, fresh);
    return fresh;
  }

  void add(const route& r) {
    std::size_t at = 0;
    for (const std::string_view segment : segments_of(r.path))
      at = child(at, segment);
    nodes[at].ends = true;
    if (nodes[at].rows[index(r.verb)] == nullptr) // of two equal rows the first one counts
      nodes[at].rows[index(r.verb)] = &r;
  }

  void finish() {
    for (node& n : nodes) {
      for (const method m : {method::get, method::post, method::put, method::del}) {
        if (n.rows[index(m)] == nullptr)
          continue;
        n.allow += std::string(to_string(m)) + (m == method::get ? ", HEAD, " : ", ");
      }
      n.allow += "OPTIONS";
    }
  }

  [[nodiscard]] const node* match(const std::vector<std::string_view>& path, std::size_t depth,
                                  std::size_t at) const {
    const node& here = nodes[at];
    if (depth == path.size())
      return here.ends ? &here : nullptr;
    if (const auto hit = here.literals.find(path[depth]); hit != here.literals.end())
      if (const node* found = match(path, depth + 1, hit->second))
        return found;
    return here.parameter != 0 ? match(path, depth + 1, here.parameter) : nullptr;
  }
};

router::router(std::vector<route> routes, authorizer who, problem_fn problem)
    : routes_(std::move(routes)), who_(std::move(who)), problem_(std::move(problem)) {
  auto t = std::make_shared<table>();
  for (const route& r : routes_)
    t->add(r);
  t->finish();
  table_ = std::move(t);
}

void router::dispatch(request&& r, respond_fn respond) const {
  const std::vector<std::string_view> path = segments_of(r.path);
  // "OPTIONS *" asks about the server, not about a path.
  const table::node* at
    = r.path == "*" ? nullptr : (path.size() <= depth_max ? table_->match(path, 0, 0) : nullptr);
  if (r.verb == method::options && (at != nullptr || r.path == "*")) {
    response ok;
    ok.status = 204;
    ok.headers.emplace_back("Allow",
                            at != nullptr ? at->allow : "GET, HEAD, POST, PUT, DELETE, OPTIONS");
    return respond(std::move(ok));
  }
  const method verb = r.verb == method::head ? method::get : r.verb;
  const route* row = at != nullptr ? at->rows[index(verb)] : nullptr;
  if (row != nullptr && row->permission.empty())
    return run(*row, path, std::move(r), respond);
  // Whoever has no valid token learns nothing about what exists.
  if (std::optional<response> no = who_(r, row != nullptr ? row->permission : std::string_view()))
    return respond(std::move(*no));
  if (row != nullptr)
    return run(*row, path, std::move(r), respond);
  if (at == nullptr)
    return respond(problem_(404, "not_found", "there is nothing at this path"));
  response no = problem_(405, "method_not_allowed",
                         "this path does not take the method; it takes " + at->allow);
  no.headers.emplace_back("Allow", at->allow);
  respond(std::move(no));
}

void router::run(const route& row, const std::vector<std::string_view>& path, request&& r,
                 const respond_fn& respond) {
  const std::vector<std::string_view> names = segments_of(row.path);
  for (std::size_t i = 0; i < names.size(); ++i)
    if (is_parameter(names[i]))
      r.params.emplace_back(names[i].substr(1, names[i].size() - 2), path[i]);
  row.handle(std::move(r), respond);
}

} // namespace o3::http
