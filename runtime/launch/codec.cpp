// Records and states as JSON. Absent means default, so that a launch costs the journal little.
#include "runtime/launch/marker.hpp"
#include "runtime/launch/state.hpp"

namespace o3::launch {
namespace {

struct writer {
  json_writer& out;

  void text(std::string_view k, const std::string& v) const {
    if (!v.empty())
      out.field(k, v);
  }
  void number(std::string_view k, std::uint64_t v, std::uint64_t fallback = 0) const {
    if (v != fallback)
      out.field(k, v);
  }
  void flag(std::string_view k, bool v, bool fallback = false) const {
    if (v != fallback)
      out.field(k, v);
  }
  void list(std::string_view k, const std::vector<std::string>& v) const {
    if (v.empty())
      return;
    out.key(k).begin_array();
    for (const auto& x : v)
      out.value(x);
    out.end_array();
  }
  void time(std::string_view k, wall_time t) const { out.field(k, to_ms(t)); }
  void span(std::string_view k, millis d) const {
    if (d != millis{0})
      out.field(k, d.count());
  }
  template <class E>
  void word(std::string_view k, E e) const {
    number(k, static_cast<std::uint64_t>(e));
  }

  void group(const progress& p) const {
    out.key("at").begin_object();
    out.field("p", static_cast<unsigned>(p.phase));
    number("n", p.attempt, 1);
    number("sent", p.sent_attempt);
    out.field("epoch", p.epoch).field("since", p.since.time_since_epoch().count());
    if (p.due)
      out.field("due", p.due->time_since_epoch().count());
    span("wait", p.wait);
    span("quiet", p.quiet);
    number("sends", p.sends);
    number("searches", p.searches);
    number("listings", p.listings);
    number("clean", p.clean);
    number("blind", p.blind);
    number("misses", p.misses);
    flag("asked", p.asked);
    flag("doubt", p.doubt);
    flag("look", p.look);
    flag("cancel", p.cancel);
    flag("sweep", p.sweep_pending);
    flag("dup", p.duplicate_seen);
    time("t", p.phase_at);
    out.end_object();
  }
  void group(const plan& p) const {
    out.key("plan").begin_object();
    out.field("id", p.launch_id).field("install", p.install8);
    out.field("class", static_cast<unsigned>(p.cls));
    out.field("sha256", p.request_sha256);
    flag("preflight", p.preflight, true);
    flag("retry", p.retry_ambiguous);
    word("surplus", p.on_surplus);
    time("t", p.intended_at);
    span("quiesce", p.quiesce);
    span("deadline", p.send_deadline);
    out.end_object();
  }
  void group(const outcome& o) const {
    out.key("out").begin_object();
    text("id", o.external_id);
    if (!o.details.is_null())
      out.field("details", o.details);
    flag("adopted", o.adopted);
    list("surplus", o.surplus);
    list("relaunches", o.relaunches);
    out.end_object();
  }
};

// nlohmann throws on a wrong type; decode() turns that into a fault.
struct reader {
  const json& j;

  [[nodiscard]] std::string text(const char* k) const {
    auto it = j.find(k);
    return it == j.end() ? std::string{} : it->get<std::string>();
  }
  template <class T>
  [[nodiscard]] T number(const char* k, T fallback = 0) const {
    auto it = j.find(k);
    return it == j.end() ? fallback : it->template get<T>();
  }
  [[nodiscard]] bool flag(const char* k, bool fallback = false) const {
    return number<bool>(k, fallback);
  }
  [[nodiscard]] std::vector<std::string> list(const char* k) const {
    auto it = j.find(k);
    return it == j.end() ? std::vector<std::string>{} : it->get<std::vector<std::string>>();
  }
  [[nodiscard]] wall_time time(const char* k) const { return from_ms(number<std::int64_t>(k)); }
  [[nodiscard]] millis span(const char* k) const { return millis{number<std::int64_t>(k)}; }
  [[nodiscard]] steady_time steady(const char* k) const { return steady_time{span(k)}; }
  template <class E>
  [[nodiscard]] E word(const char* k, E last) const {
    auto v = number<unsigned>(k);
    if (v > static_cast<unsigned>(last))
      throw json::other_error::create(
        501, std::string{k} + " has the unknown value " + std::to_string(v), nullptr);
    return static_cast<E>(v);
  }

  [[nodiscard]] progress read_progress() const {
    progress p;
    (void)j.at("p"); // without it nothing may be guessed
    p.phase = word("p", phase::canceled);
    p.attempt = number<std::uint32_t>("n", 1);
    p.sent_attempt = number<std::uint32_t>("sent");
    p.epoch = j.at("epoch").get<std::uint64_t>();
    p.since = steady("since");
    if (j.contains("due"))
      p.due = steady("due");
    p.wait = span("wait");
    p.quiet = span("quiet");
    p.sends = number<std::uint32_t>("sends");
    p.searches = number<std::uint32_t>("searches");
    p.listings = number<std::uint32_t>("listings");
    p.clean = number<std::uint32_t>("clean");
    p.blind = number<std::uint32_t>("blind");
    p.misses = number<std::uint32_t>("misses");
    p.asked = flag("asked");
    p.doubt = flag("doubt");
    p.look = flag("look");
    p.cancel = flag("cancel");
    p.sweep_pending = flag("sweep");
    p.duplicate_seen = flag("dup");
    p.phase_at = time("t");
    return p;
  }
  [[nodiscard]] plan read_plan() const {
    plan p;
    auto launch_id = id::parse(j.at("id").get<std::string>());
    p.install8 = text("install");
    if (!launch_id || !is_install8(p.install8))
      throw json::other_error::create(501, "a launch without its id", nullptr);
    p.launch_id = *launch_id;
    (void)j.at("class");
    p.cls = word("class", target_class::idempotent);
    p.request_sha256 = text("sha256");
    p.preflight = flag("preflight", true);
    p.retry_ambiguous = flag("retry");
    p.on_surplus = word("surplus", surplus_rule::cancel);
    p.intended_at = time("t");
    p.quiesce = span("quiesce");
    p.send_deadline = span("deadline");
    return p;
  }
  [[nodiscard]] outcome read_outcome() const {
    return {text("id"), j.value("details", json{}), flag("adopted"), list("surplus"),
            list("relaunches")};
  }
};

error unreadable(std::string message) {
  return make_error(fault::workflow_unreadable, std::move(message), "",
                    "the journal was written by another version of O3, or is damaged");
}

void encode_sent(json_writer& out, const std::vector<wall_time>& sent_at) {
  out.key("sent_at").begin_array();
  for (auto t : sent_at)
    out.value(to_ms(t));
  out.end_array();
}

} // namespace

void encode(json_writer& out, const record& r) {
  writer w{out};
  out.begin_object().field("v", format_version);
  w.group(r.at);
  if (r.plan)
    w.group(*r.plan);
  if (r.witness)
    out.key("seen")
      .begin_object()
      .field("newest", r.witness->newest)
      .field("as", r.witness->identity)
      .end_object();
  if (r.outcome)
    w.group(*r.outcome);
  if (r.note) {
    out.key("note").begin_object();
    w.word("why", r.note->reason);
    w.text("msg", r.note->message);
    out.end_object();
  }
  if (r.sent_at)
    encode_sent(out, *r.sent_at);
  out.end_object();
}

result<record> decode(const json& j) {
  try {
    if (auto v = j.at("v").get<unsigned>(); v != format_version)
      return unreadable("a launch has version " + std::to_string(v) + ", this O3 knows version "
                        + std::to_string(format_version));
    record r;
    r.at = reader{j.at("at")}.read_progress();
    if (j.contains("plan"))
      r.plan = reader{j.at("plan")}.read_plan();
    if (j.contains("seen"))
      r.witness = witness{j.at("seen").at("newest").get<std::string>(),
                          j.at("seen").at("as").get<std::string>()};
    if (j.contains("out"))
      r.outcome = reader{j.at("out")}.read_outcome();
    if (j.contains("note")) {
      reader n{j.at("note")};
      r.note = note{n.word("why", park_reason::restored), n.text("msg")};
    }
    if (j.contains("sent_at")) {
      r.sent_at.emplace();
      for (const auto& t : j.at("sent_at"))
        r.sent_at->push_back(from_ms(t.get<std::int64_t>()));
    }
    return r;
  } catch (const json::exception& e) {
    return unreadable(std::string{"a launch cannot be read: "} + e.what());
  }
}

json to_json(const launch_state& s) {
  record r;
  r.at = s.at;
  r.plan = s.plan;
  r.witness = s.witness;
  if (s.outcome != outcome{})
    r.outcome = s.outcome;
  if (s.note != note{})
    r.note = s.note;
  if (!s.sent_at.empty())
    r.sent_at = s.sent_at;
  std::string text;
  json_writer out{text};
  encode(out, r);
  return json::parse(text);
}

result<launch_state> from_json(const json& j) {
  O3_TRY(auto r, decode(j));
  if (!r.plan)
    return unreadable("a launch cannot be read: its plan is missing");
  launch_state s;
  apply(s, r);
  return s;
}

} // namespace o3::launch
