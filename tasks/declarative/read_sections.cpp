// The sections of a class document: one conversation each.
#include "tasks/declarative/read_parts.hpp"

#include "runtime/base/text.hpp"

namespace o3::declarative {
namespace {

const std::vector<std::string> running_words{"queued", "waiting", "running"};
const std::vector<std::string> ended_words{"successful", "failed", "canceled", "timeout",
                                           "exception"};

} // namespace

template <class Section, class Read>
void parts_reader::section(object_reader& top, std::string_view key, std::optional<Section>& to,
                           keys allowed, Read&& read) {
  const auto* doc = top.object(key);
  if (!doc)
    return;
  const place root;
  const place at{root, key};
  const auto what = in_quotes(key);
  object_reader r{*doc, at, what, out_};
  r.refuse_others(allowed);
  to.emplace();
  read(r, at, *to);
}

void parts_reader::preflight(object_reader& r, const place& at, preflight_section& s) {
  s.steps = steps(r, at);
  s.set = maybe(r, at, "set");
  s.identity = maybe(r, at, "identity");
  s.newest = maybe(r, at, "newest");
}

void parts_reader::send(object_reader& r, const place& at, send_section& s) {
  s.steps = steps(r, at);
  s.requests = steps(r, at, "requests");
  if (s.requests.empty())
    out_.fail(fault::missing_key, at, "'send' has no 'requests'",
              "list at least one; the first whose 'when' holds is sent");
  for (auto& one : s.requests) {
    if (!one.asks())
      out_.fail(fault::missing_key, place{at, "requests"}, "a request of 'send' has no 'path'");
    if (one.again || one.optional)
      out_.fail(fault::bad_value, place{at, "requests"},
                "what is sent once knows neither 'again' nor 'optional'");
    one.name = "send";
    if (!one.method)
      one.method = value{};
    if (one.method->what == value::kind::literal && one.method->literal.is_null())
      one.method->literal = "POST";
  }
  s.id = needed(r, at, "id");
  s.details = maybe(r, at, "details");
  s.set = maybe(r, at, "set");
  s.skip_when = maybe_condition(r, at, "skip_when");
  if (const auto* doc = r.object("ignored")) {
    const place here{at, "ignored"};
    object_reader row{*doc, here, "'ignored'", out_};
    static constexpr std::string_view allowed[]{"fields", "allowed", "say"};
    row.refuse_others(allowed);
    s.ignored = needed(row, here, "fields");
    s.ignored_allowed = maybe(row, here, "allowed");
    s.ignored_say = maybe(row, here, "say");
  }
}

list_section parts_reader::list(const json& doc, const place& at) {
  object_reader r{doc, at, "the list", out_};
  static constexpr std::string_view allowed[]{"when", "page",     "items",        "id",
                                              "next", "kind",     "until",        "marked",
                                              "ours", "only_one", "shows_newest", "pages_max"};
  r.refuse_others(allowed);
  list_section l;
  l.when = maybe_condition(r, at, "when");
  l.page = one_step(r, at, "page", "page", true).value_or(step_spec{});
  l.items = needed(r, at, "items");
  l.id = needed(r, at, "id");
  l.next = maybe(r, at, "next");
  l.kind = maybe(r, at, "kind");
  l.until = maybe(r, at, "until");
  each(r, at, "marked",
       [&](const json& text, const place& here) { l.marked.push_back(val(text, here)); });
  l.ours = maybe_condition(r, at, "ours");
  if (l.marked.empty() && !l.ours)
    out_.fail(fault::missing_key, at, "the list does not say what is ours",
              "name in 'marked' the texts that may hold the marker, or give a condition 'ours'");
  l.only_one = r.flag("only_one");
  l.shows_newest = !r.find("shows_newest") || r.flag("shows_newest");
  l.pages_max = static_cast<unsigned>(r.whole("pages_max", 1, 100'000).value_or(l.pages_max));
  return l;
}

void parts_reader::search(object_reader& r, const place& at, search_section& s) {
  s.steps = steps(r, at);
  s.identity = maybe(r, at, "identity");
  s.newest = maybe(r, at, "newest");
  each(r, at, "lists",
       [&](const json& doc, const place& here) { s.lists.push_back(list(doc, here)); });
  s.witness = one_step(r, at, "witness", "witness");
  s.witness_shown = maybe_condition(r, at, "witness_shown");
  if (s.witness.has_value() != s.witness_shown.has_value())
    out_.fail(fault::missing_key, at, "'witness' and 'witness_shown' belong together",
              "one looks for the witness by its id, the other says when it is there");
}

std::string parts_reader::state_word(const json& word, const place& at, bool ended) {
  auto words = ended_words;
  if (!ended)
    words.insert(words.begin(), running_words.begin(), running_words.end());
  const auto said = word.is_string() ? word.get<std::string>() : canonical(word);
  if (std::find(words.begin(), words.end(), said) == words.end())
    out_.fail(fault::bad_value, at, in_quotes(said) + " is no state here",
              out_.nearest(said, words));
  return said;
}

void parts_reader::states(object_reader& r, const place& at, watch_section& s) {
  const place here{at, "states"};
  if (const auto* table = r.object("states"))
    for (const auto& [status, word] : table->items())
      s.states[status] = state_word(word, place{here, status}, false);
  each(r, at, "rules", [&](const json& doc, const place& where) {
    object_reader row{doc, where, "the rule", out_};
    static constexpr std::string_view allowed[]{"when", "is"};
    row.refuse_others(allowed);
    const auto* when = row.require("when");
    const auto* is = row.require("is");
    if (when && is)
      s.rules.push_back({compile_condition(*when, place{where, "when"}, names_, out_),
                         state_word(*is, place{where, "is"}, false)});
  });
  const auto ends = [](const auto& entry) { return is_terminal_word(entry); };
  const bool any
    = std::any_of(s.states.begin(), s.states.end(), [&](const auto& x) { return ends(x.second); })
      || std::any_of(s.rules.begin(), s.rules.end(), [&](const auto& x) { return ends(x.is); });
  if (!any)
    out_.fail(fault::missing_key, at, "no state ends the task",
              "map at least one status to \"successful\" in 'states' or 'rules'");
}

void parts_reader::batch(object_reader& r, const place& at, watch_section& s) {
  const auto* doc = r.object("batch");
  if (!doc)
    return;
  const place here{at, "batch"};
  object_reader row{*doc, here, "'batch'", out_};
  static constexpr std::string_view allowed[]{"group", "page", "rows", "id", "most"};
  row.refuse_others(allowed);
  batch_section b;
  if (row.require("group"))
    b.name = row.text("group", 64);
  b.page = one_step(row, here, "page", "batch", true).value_or(step_spec{});
  b.rows = needed(row, here, "rows");
  b.id = needed(row, here, "id");
  b.most = static_cast<std::size_t>(row.whole("most", 1, 10'000).value_or(200));
  s.batch = std::move(b);
}

void parts_reader::watch(object_reader& r, const place& at, watch_section& s) {
  s.when = maybe_condition(r, at, "when");
  s.steps = steps(r, at);
  for (auto& one : s.steps)
    if (one.name.empty())
      one.name = "watch";
  if (s.steps.empty())
    out_.fail(fault::missing_key, at, "'watch' has no 'steps'");
  s.row = needed(r, at, "row");
  s.status = maybe(r, at, "status");
  s.waits_for = maybe(r, at, "waits_for");
  s.set = maybe(r, at, "set");
  s.every = r.seconds("every_s").value_or(s.every);
  states(r, at, s);
  batch(r, at, s);
  if (const auto* doc = r.object("missing")) {
    const place here{at, "missing"};
    object_reader row{*doc, here, "'missing'", out_};
    static constexpr std::string_view allowed[]{"times", "say"};
    row.refuse_others(allowed);
    s.missing_times = static_cast<unsigned>(row.whole("times", 1, 1000).value_or(s.missing_times));
    s.missing_say = maybe(row, here, "say");
  }
}

void parts_reader::log(object_reader& r, const place& at, log_section& s) {
  s.when = maybe_condition(r, at, "when");
  s.steps = steps(r, at);
  s.lines = needed(r, at, "lines");
  s.cursor = maybe(r, at, "cursor");
  s.more = maybe_condition(r, at, "more");
  s.rounds = static_cast<unsigned>(r.whole("rounds", 1, 10'000).value_or(s.rounds));
}

void parts_reader::failures(object_reader& top, document& d) {
  const place root;
  each(top, root, "failures", [&](const json& doc, const place& here) {
    object_reader row{doc, here, "the row", out_};
    static constexpr std::string_view allowed[]{"when", "code", "is", "say"};
    row.refuse_others(allowed);
    failure_row f;
    if (const auto* when = row.require("when"))
      f.when = compile_condition(*when, place{here, "when"}, names_, out_);
    f.code = code(row, here).value_or(fault::task_failed);
    if (const auto* is = row.find("is"))
      f.is = state_word(*is, place{here, "is"}, true);
    f.say = maybe(row, here, "say");
    d.failures.push_back(std::move(f));
  });
}

void parts_reader::target(object_reader& r, const place& at, target_section& s) {
  s.url = maybe(r, at, "url");
  s.headers = maybe(r, at, "headers");
  s.verify = maybe(r, at, "verify");
  s.ca_file = maybe(r, at, "ca_file");
  if (const auto* doc = r.object("auth")) {
    const place here{at, "auth"};
    object_reader row{*doc, here, "'auth'", out_};
    static constexpr std::string_view allowed[]{"header", "value"};
    row.refuse_others(allowed);
    s.auth_header = needed(row, here, "header");
    s.auth_value = needed(row, here, "value");
  }
}

void parts_reader::read_sections(object_reader& top, document& d) {
  using words = std::string_view[];
  static constexpr words target_keys{"url", "auth", "headers", "verify", "ca_file"};
  std::optional<target_section> t;
  section(top, "target", t, target_keys,
          [this](auto& r, const auto& at, auto& s) { target(r, at, s); });
  d.target = std::move(t).value_or(target_section{});
  const place root;
  d.errors = error_rows(top, root, "errors");

  const auto simple = [this](auto& r, const auto& at, auto& s) {
    s.steps = steps(r, at);
    s.set = maybe(r, at, "set");
    if (s.steps.empty() && !s.set)
      out_.fail(fault::missing_key, at, "the section has no 'steps'");
  };
  static constexpr words simple_keys{"steps", "set"};
  section(top, "read", d.read, simple_keys, simple);
  section(top, "finish", d.finish, simple_keys, simple);
  section(top, "cancel", d.cancel, simple_keys, simple);
  static constexpr words preflight_keys{"steps", "set", "identity", "newest"};
  section(top, "preflight", d.preflight, preflight_keys,
          [this](auto& r, const auto& at, auto& s) { preflight(r, at, s); });
  static constexpr words send_keys{"steps", "requests",  "id",     "details",
                                   "set",   "skip_when", "ignored"};
  section(top, "send", d.send, send_keys,
          [this](auto& r, const auto& at, auto& s) { send(r, at, s); });
  static constexpr words search_keys{"steps", "identity", "newest",
                                     "lists", "witness",  "witness_shown"};
  section(top, "search", d.search, search_keys,
          [this](auto& r, const auto& at, auto& s) { search(r, at, s); });
  static constexpr words watch_keys{"when",    "steps", "row",    "status", "waits_for", "set",
                                    "every_s", "rules", "states", "batch",  "missing"};
  section(top, "watch", d.watch, watch_keys,
          [this](auto& r, const auto& at, auto& s) { watch(r, at, s); });
  static constexpr words log_keys{"when", "steps", "lines", "cursor", "more", "rounds"};
  section(top, "log", d.log, log_keys, [this](auto& r, const auto& at, auto& s) { log(r, at, s); });
  failures(top, d);
}

} // namespace o3::declarative
