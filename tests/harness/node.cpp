#include "tests/harness/node.hpp"

#include <cstdlib>
#include <fstream>

#include "runtime/secrets/sealed_file.hpp"
#include "runtime/sqlite/sqlite_store.hpp"
#include "runtime/store/memory.hpp"
#include "tests/harness/faulty_store.hpp"

#include <cstdio>
#include <stdexcept>

namespace o3::harness {
namespace {

constexpr const char* token = "o3_harness_token_0000";

[[noreturn]] void give_up(const std::string& what) {
  throw std::runtime_error("o3 harness: " + what);
}

/// "http://host:1" of "http://host:1/x": targets of tests are names as often as addresses.
result<std::string> origin_of(std::string_view url) {
  const auto host = url.find("://");
  return std::string{url.substr(0, url.find('/', host == std::string_view::npos ? 0 : host + 3))};
}

} // namespace

struct node::impl {
  options opts;
  std::shared_ptr<virtual_clock> clock;
  std::shared_ptr<fault_state> faults = std::make_shared<fault_state>();
  std::shared_ptr<store::backend> memory;
  std::shared_ptr<store::log_backend> memory_logs;
  std::shared_ptr<const sealer> seal
    = std::make_shared<const sealer>(sealer::from_key(std::string(32, 'k')));
  std::shared_ptr<secrets::credentials> credentials = std::make_shared<secrets::credentials>(
    secrets::in_memory(seal), std::vector<std::shared_ptr<const secrets::source>>{}, origin_of);
  std::unique_ptr<o3::node> running;
  std::string death;
  std::uint64_t starts = 0;
  std::filesystem::path
    documents; ///< options::template_documents as files: there from the start on

  ~impl() {
    std::error_code ignored;
    if (!documents.empty())
      std::filesystem::remove_all(documents, ignored);
  }
  void write_documents() {
    if (opts.template_documents.empty())
      return;
    auto name = (std::filesystem::temp_directory_path() / "o3-harness-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr)
      give_up("no directory for the templates could be made in " + name);
    documents = name;
    for (std::size_t i = 0; i < opts.template_documents.size(); ++i)
      std::ofstream{documents / (std::to_string(i) + ".json")} << opts.template_documents[i];
  }

  std::shared_ptr<store::backend> open_store() {
    if (opts.sqlite_dir.empty()) {
      if (!memory)
        memory = store::make_memory_backend();
      return memory;
    }
    auto s = store::open_sqlite({.dir = opts.sqlite_dir, .before_commit = {}});
    if (!s)
      give_up(s.error().message);
    return *s;
  }
  std::shared_ptr<store::log_backend> open_logs() {
    if (!memory_logs)
      memory_logs = store::make_memory_logs();
    return memory_logs;
  }

  node_options make_options() {
    node_options n;
    n.virtual_time = clock;
    n.seed = mix64(opts.seed + ++starts);
    n.store = make_faulty_backend(open_store(), faults);
    n.logs = open_logs();
    n.seal = seal;
    n.lim = opts.lim;
    n.engine = opts.engine;
    n.preflight = opts.preflight;
    n.template_revisions_max = opts.template_revisions_max;
    if (!opts.own_templates.empty())
      n.templates.push_back({opts.own_templates, true});
    for (const auto& d : opts.templates)
      n.templates.push_back({d, false});
    if (!documents.empty())
      n.templates.push_back({documents, false});
    n.extra_classes = opts.classes;
    n.targets = opts.targets;
    n.secrets = credentials;
    if (opts.suspects)
      n.suspects = *opts.suspects;
    n.tokens = {{to_hex(sha256(token)), "admin", "default", {"*"}, {"admin"}}};
    for (const auto& [name, roles] : opts.people)
      n.tokens.push_back({to_hex(sha256(name)), name, "default", {"*"}, roles});
    n.log = logger{opts.log, *clock, [](log_level, std::string_view line) {
                     std::fprintf(stderr, "%.*s\n", static_cast<int>(line.size()), line.data());
                   }};
    n.on_fatal = [this](fault f, const std::string& what) {
      faults->dead = true;
      death = std::string{fault_code(f)} + ": " + what;
    };
    return n;
  }
};

json http_answer::document() const {
  auto j = json::parse(body, nullptr, false);
  if (j.is_discarded())
    give_up("the answer is no JSON: " + body);
  return j;
}

node::node(options o) : impl_(std::make_unique<impl>()) {
  impl_->opts = std::move(o);
  impl_->clock = std::make_shared<virtual_clock>(impl_->opts.start);
  impl_->faults->plan = impl_->opts.faults;
  impl_->write_documents();
  start();
}
node::~node() = default;

void node::start() {
  impl_->running.reset();
  impl_->death.clear();
  impl_->faults->dead = false;
  auto n = o3::node::start(impl_->make_options());
  if (!n)
    give_up(std::string{fault_code(n.error().code)} + ": " + n.error().message);
  impl_->running = *std::move(n);
  run();
  for (const auto& doc : impl_->opts.template_documents)
    add_template(doc);
}

o3::node& node::inner() {
  if (!impl_->running)
    give_up("the node is not running");
  return *impl_->running;
}

http_answer node::request(http::method verb, const std::string& path, const std::string& body,
                          std::vector<std::pair<std::string, std::string>> headers,
                          const std::string& as) {
  http::request r;
  r.verb = verb;
  auto question = path.find('?');
  r.path = path.substr(0, question);
  if (question != std::string::npos)
    for (std::size_t at = question + 1; at < path.size();) {
      auto end = std::min(path.find('&', at), path.size());
      auto equals = std::min(path.find('=', at), end);
      r.query.emplace_back(path.substr(at, equals - at),
                           equals < end ? path.substr(equals + 1, end - equals - 1) : "");
      at = end + 1;
    }
  if (r.path.empty() || r.path.back() != '/')
    r.path += '/';
  r.headers = std::move(headers);
  r.headers.emplace_back("authorization", "Bearer " + (as.empty() ? token : as));
  if (!body.empty())
    r.headers.emplace_back("content-type", "application/json");
  r.body = body;
  auto got = std::make_shared<std::optional<http::response>>();
  inner().dispatch(std::move(r), [got](http::response x) { *got = std::move(x); });
  auto wait = [&](const std::function<bool()>& there) {
    constexpr int timers_max = 100'000; // what a request waits for comes by messages or by a timer
    run();
    for (int i = 0; !there() && i < timers_max && !dead(); ++i) {
      auto next = inner().next_timer();
      if (!next)
        break;
      advance(std::max(millis{1}, *next));
    }
    return there();
  };
  if (!wait([&] { return got->has_value(); }))
    return {0, "", {}};
  http_answer a{(*got)->status, (*got)->body, (*got)->headers};
  while ((*got)->body_stream) {
    auto piece = std::make_shared<std::optional<std::optional<std::string>>>();
    (*got)->body_stream->next([piece](std::optional<std::string> x) { *piece = std::move(x); });
    if (!wait([&] { return piece->has_value(); }) || !**piece)
      break;
    a.body += ***piece;
  }
  return a;
}

std::string node::submit(const json& body) {
  auto a = request(http::method::post, "/api/v1/workflow/submit/", body.dump());
  if (a.status != 202 && a.status != 200)
    give_up("submit answered " + std::to_string(a.status) + " " + a.body);
  return a.document().at("id").get<std::string>();
}

json node::workflow(const std::string& id) {
  return request(http::method::get, "/api/v1/workflow/" + id).document();
}
json node::task(const std::string& id, const std::string& ref) {
  return request(http::method::get, "/api/v1/workflow/" + id + "/task/" + ref).document();
}
std::string node::state(const std::string& id) {
  return workflow(id).value("state", std::string{"?"});
}
std::string node::task_state(const std::string& id, const std::string& ref) {
  return task(id, ref).value("state", std::string{"?"});
}
http_answer node::cancel(const std::string& id) {
  return request(http::method::post, "/api/v1/workflow/" + id + "/cancel/");
}
std::string node::log(const std::string& id) {
  return request(http::method::get, "/api/v1/workflow/" + id + "/log").body;
}

json node::journal(const std::string& text) {
  auto workflow = id::parse(text);
  if (!workflow)
    give_up("'" + text + "' is no id");
  auto in = impl_->memory ? impl_->memory->make_reader() : nullptr;
  if (!in)
    give_up("journal() reads the memory store only");
  json out = json::array();
  constexpr std::size_t page = 100'000;
  for (const auto& row : in->rows(*workflow, 1, page))
    for (auto& r : json::parse(row.records))
      out.push_back(std::move(r));
  return out;
}

void node::add_template(const json& doc) {
  auto ref = doc.value("ref_name", std::string{});
  auto answered = std::make_shared<std::optional<engine::answer>>();
  inner().catalogue().add_document(std::make_shared<const json>(doc),
                                   [answered](engine::answer a) { *answered = std::move(a); });
  run();
  if (!*answered || (*answered)->problem.code != fault::none) {
    std::string why = *answered ? (*answered)->problem.message : "no answer";
    if (*answered)
      for (const auto& e : (*answered)->errors)
        why += "; " + e.pointer + " " + e.message;
    give_up("template '" + ref + "' is refused: " + why);
  }
}

void node::run() {
  inner().run();
}
void node::advance(millis d) {
  inner().advance(d);
}
void node::away(millis d) {
  if (impl_->running)
    give_up("the node is not down");
  impl_->clock->set_elapsed(impl_->clock->elapsed() + d);
}
wall_time node::now() const {
  return impl_->clock->wall();
}

void node::await_end(const std::string& id, millis most) {
  auto limit = impl_->clock->elapsed() + most;
  for (;;) {
    run();
    auto s = parse_workflow_state(state(id));
    if (dead() || (s && is_terminal(*s)))
      return;
    auto next = inner().next_timer();
    if (!next || impl_->clock->elapsed() + *next > limit)
      give_up("workflow " + id + " did not end in time: " + workflow(id).dump());
    advance(std::max(millis{1}, *next));
  }
}

void node::crash() {
  impl_->faults->dead = true;
  impl_->running.reset();
  if (impl_->death.empty())
    impl_->death = "crash() was called";
}
void node::stop() {
  if (impl_->running && !impl_->running->stop(std::chrono::seconds{10}))
    give_up("the node did not stop");
  impl_->running.reset();
}
bool node::dead() const {
  return impl_->faults->dead;
}
std::string node::death() const {
  return impl_->death;
}
std::uint64_t node::rows() const {
  return impl_->faults->rows;
}
void node::set_faults(const fault_plan& f) {
  impl_->faults->plan = f;
}

} // namespace o3::harness
