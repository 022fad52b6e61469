#include "tasks/declarative/declarative.hpp"

#include "runtime/base/crypto.hpp"
#include "runtime/base/text.hpp"
#include "runtime/template/schema.hpp"
#include "tasks/declarative/session.hpp"

namespace o3::declarative {
namespace {

using document_ptr = std::shared_ptr<const document>;
constexpr std::size_t fingerprint_digits = 16;

launch::target_class target_of(delivery_class d) {
  switch (d) {
  case delivery_class::deduplicated:
    return launch::target_class::deduplicated;
  case delivery_class::searched:
    return launch::target_class::searched;
  case delivery_class::idempotent:
    return launch::target_class::idempotent;
  default:
    return launch::target_class::bare;
  }
}

talk_ptr begin(const document_ptr& d, outside::topic t, const outside::occasion& o) {
  switch (t) {
  case outside::topic::send:
    if (d->send)
      return make_send_talk(d, o);
    break;
  case outside::topic::search:
    if (d->search)
      return make_search_talk(d, o);
    break;
  case outside::topic::watch:
    return make_watch_talk(d, o);
  case outside::topic::finish:
    return make_finish_talk(d, o);
  default:
    return make_steps_talk(d, t, o);
  }
  throw std::logic_error("class '" + d->about->name + "' holds no talk '"
                         + std::string{to_string(t)} + "'");
}

outside::occasion with_inputs(const json& inputs, const json& attributes) {
  return {.inputs = inputs, .attributes = attributes, .now = wall_time{}};
}

// Same address, same credential, same way to ask: one poller. The fingerprint is not the secret.
std::string group_key(const batch_section& b, const session& s, const outside::request& q) {
  const auto print
    = to_hex(sha256(q.secret_header + "\n" + q.secret)).substr(0, fingerprint_digits);
  return b.name + " " + s.known.target.value("url", std::string{}) + " " + print
         + (q.verify ? "" : " unverified") + (q.ca_file.empty() ? "" : " " + q.ca_file);
}

std::vector<std::pair<std::string, json>> rows_of(const batch_section& b, session& s, json rows) {
  std::vector<std::pair<std::string, json>> out;
  for (auto& row : rows) {
    evaluator e{s.known};
    e.stand_at(&row);
    if (const auto id = e.eval(b.id); id && !id_text(*id).empty())
      out.emplace_back(id_text(*id), std::move(row));
  }
  return out;
}

std::optional<outside::watch_group> group_of(const document_ptr& d, const json& inputs) {
  const auto& b = *d->watch->batch;
  const auto none = json::object();
  const auto s = std::make_shared<session>(d, with_inputs(inputs, none));
  if (d->watch->when && !evaluator{s->known}.holds(*d->watch->when))
    return std::nullopt;
  const auto ask = [s, &b](const std::vector<std::string>& ids) {
    auto mine = *s;
    std::string joined;
    for (const auto& id : ids)
      joined += (joined.empty() ? "" : ",") + id;
    mine.known.ids = std::move(joined);
    return mine.build(b.page);
  };
  const auto probe = ask({"1"});
  if (!probe)
    return std::nullopt;
  outside::watch_group g;
  g.key = group_key(b, *s, *probe);
  g.most = b.most;
  g.ask = [ask](const std::vector<std::string>& ids) {
    auto q = ask(ids);
    return q ? *std::move(q) : outside::request{};
  };
  g.split =
    [s, &b](const outside::answer& a) -> std::optional<std::vector<std::pair<std::string, json>>> {
    auto mine = *s;
    const auto& r = mine.known.replies[b.page.name] = to_reply(a);
    if (!in_ranges(b.page.ok, a.status) || !r.is_json)
      return std::nullopt;
    auto rows = evaluator{mine.known}.eval(b.rows);
    if (!rows || !rows->is_array())
      return std::nullopt;
    return rows_of(b, mine, *std::move(rows));
  };
  return g;
}

outside::conclusion judge(const document_ptr& d, const json& row, const outside::occasion& o) {
  session s{d, o};
  s.known.row = row;
  judge_row(s);
  return std::move(s.out);
}

launch::target_class target_for(const document_ptr& d, const json& inputs) {
  const auto none = json::object();
  const session s{d, with_inputs(inputs, none)};
  for (const auto& rule : d->delivery_when)
    if (evaluator{s.known}.holds(rule.when))
      return target_of(rule.is);
  return target_of(d->about->delivery);
}

std::shared_ptr<const outside::outside_code> code_of(const document_ptr& d) {
  auto code = std::make_shared<outside::outside_code>();
  code->launches = d->send.has_value();
  code->target = target_of(d->about->delivery);
  code->preflight = d->preflight.has_value();
  code->begin = [d](outside::topic t, const outside::occasion& o) { return begin(d, t, o); };
  if (!d->delivery_when.empty())
    code->target_for = [d](const json& inputs) { return target_for(d, inputs); };
  if (d->watch) {
    code->watch_every = d->watch->every;
    code->logs = d->log.has_value();
    code->judge = [d](const json& row, const outside::occasion& o) { return judge(d, row, o); };
    if (d->watch->batch)
      code->group = [d](const json& inputs) { return group_of(d, inputs); };
  }
  return code;
}

const value_check& schema_check() {
  static const auto check = [] {
    auto parsed = parse_json(schema_text(), limits{});
    auto compiled = parsed ? value_check::compile(*parsed)
                           : result<std::shared_ptr<const value_check>>{parsed.error()};
    if (!compiled)
      throw std::logic_error("schema.json: " + compiled.error().message);
    return *compiled;
  }();
  return *check;
}

// The schema finds what the reader does not look at; where the reader spoke, it spoke better.
void check_schema(const json& doc, findings& found) {
  const auto said = [&](const std::string& pointer) {
    return std::any_of(found.errors.begin(), found.errors.end(), [&](const error& e) {
      return e.pointer.starts_with(pointer) || pointer.starts_with(e.pointer + "/");
    });
  };
  for (auto& v : schema_check().violations(doc))
    if (!said(v.pointer))
      found.fail(v.code, v.pointer, "the value " + v.message,
                 "FORMAT.md describes the format, schema.json is its schema");
}

} // namespace

result<tasks::installed_class> load_declarative(const json& doc, findings& found,
                                                const helper_set& helpers) {
  findings here;
  auto d = std::make_shared<document>(read_document(doc, helpers, here));
  if (doc.is_object())
    check_schema(doc, here);
  const bool ok = here.ok();
  auto first = ok ? error{} : here.errors.front();
  found.append(std::move(here));
  if (!ok)
    return first;
  tasks::installed_class made;
  made.about = d->about;
  made.code.outside = code_of(d);
  return made;
}

findings lint(std::string_view text, const helper_set& helpers) {
  findings found;
  const auto doc = parse_json(text, limits{});
  if (!doc)
    found.errors.push_back(doc.error());
  else
    static_cast<void>(load_declarative(*doc, found, helpers));
  return found;
}

} // namespace o3::declarative
