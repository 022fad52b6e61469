// /workflow/bulk/: one action on all workflows that a filter finds. The caller names their number:
// without it, or with another one, nothing is changed and the answer says how many there are.
#include "http/api/list_filter.hpp"
#include "http/api/params.hpp"
#include "http/api/problem.hpp"
#include "http/api/reply.hpp"
#include "http/api/rows.hpp"
#include "runtime/base/json_writer.hpp"
#include "runtime/base/text.hpp"

#include <algorithm>
#include <array>
#include <mutex>

namespace o3::api {

namespace {

constexpr std::size_t ids_shown = 10;     ///< in a refusal
constexpr std::size_t under_way_max = 16; ///< each wakes its workflow: not all at once

struct bulk_request {
  store::list_filter filter;
  std::optional<std::uint64_t> confirm;
  std::string reason;
  bool force = false;
  engine::caller who;
};

/// What can be done to many workflows. A count must not hold what cannot be meant, so each says
/// what it is for.
struct bulk_action {
  std::string_view word;
  const char* permission;
  std::vector<workflow_state> states; ///< that it can concern
  std::vector<workflow_state> usual;  ///< that are meant where the filter names none
  bool nested;    ///< also workflows that others started, where the filter says nothing of these
  bool has_force; ///< takes `force`
  engine::workflow_ask (*ask)(const bulk_request& r, const id& workflow);
};

engine::workflow_ask cancel_one(const bulk_request& r, const id& workflow) {
  return engine::cancel_request{workflow, r.who, r.reason, r.force};
}

engine::workflow_ask rerun_one(const bulk_request& r, const id& workflow) {
  engine::rerun_request one;
  one.workflow = workflow;
  one.who = r.who;
  if (!r.reason.empty())
    one.body["reason"] = r.reason;
  return one;
}

const std::vector<bulk_action>& actions() {
  using enum workflow_state;
  static const std::vector<bulk_action> all{
    {"cancel",
     permission::workflow_cancel,
     {scheduled, waiting, running, needs_operator},
     {scheduled, waiting, running, needs_operator},
     true,
     true,
     cancel_one},
    // Of nested workflows their parents' rerun decides.
    {"rerun",
     permission::workflow_submit,
     {successful, failed, canceled},
     {failed, canceled},
     false,
     false,
     rerun_one},
  };
  return all;
}

std::vector<std::string> action_words() {
  std::vector<std::string> words;
  for (const auto& a : actions())
    words.emplace_back(a.word);
  return words;
}

result<const bulk_action*> find_action(const json& body) {
  const auto at = body.find("action");
  if (at == body.end())
    return make_error(fault::missing_key, "The body names no 'action'.", "",
                      nearest_hint("", action_words()));
  const auto word = at->is_string() ? at->get<std::string>() : at->dump();
  for (const auto& a : actions())
    if (a.word == word)
      return &a;
  return make_error(fault::bad_value, "'" + printable(word, 64) + "' is no bulk action.", "/action",
                    nearest_hint(word, action_words()));
}

error wrong_type(const char* key, const char* wanted, const json& held) {
  return make_error(fault::wrong_type,
                    "'" + std::string{key} + "' must be " + wanted + ", not "
                      + std::string{type_name(held)} + ".",
                    pointer_join("", key));
}

/// Leaves of the filter what the action is for.
result<done> narrow(store::list_filter& f, const bulk_action& a) {
  if (f.states.empty())
    f.states = a.usual;
  for (const auto state : f.states)
    if (std::find(a.states.begin(), a.states.end(), state) == a.states.end())
      return make_error(fault::bad_value,
                        "A workflow that is " + std::string{to_string(state)} + " has nothing to "
                          + std::string{a.word} + ".",
                        "/filter/state", "leave the state out: those it is for are meant then");
  if (!a.nested && !f.parent && !f.root && !f.nested)
    f.nested = false;
  return done{};
}

result<done> read_rest(bulk_request& out, const json& body, const limits& lim) {
  static const std::vector<std::string> keys{"action", "filter", "confirm", "reason", "force"};
  for (const auto& [key, value] : body.items()) {
    if (std::find(keys.begin(), keys.end(), key) == keys.end())
      return make_error(fault::unknown_key,
                        "The key '" + printable(key, 64) + "' is not known here.",
                        pointer_join("", key), nearest_hint(key, keys));
    if (key == "confirm") {
      if (!value.is_number_unsigned())
        return wrong_type("confirm", "a whole number, 0 or more", value);
      out.confirm = value.get<std::uint64_t>();
    } else if (key == "force") {
      if (!value.is_boolean())
        return wrong_type("force", "true or false", value);
      out.force = value.get<bool>();
    } else if (key == "reason") {
      if (!value.is_string())
        return wrong_type("reason", "text", value);
      out.reason = value.get<std::string>();
      if (out.reason.size() > lim.text_bytes)
        return make_error(fault::too_large,
                          "'reason' has " + std::to_string(out.reason.size())
                            + " bytes; the limit is " + std::to_string(lim.text_bytes) + ".",
                          "/reason");
    }
  }
  return done{};
}

result<bulk_request> read_request(const json& body, const bulk_action& a, const limits& lim) {
  bulk_request out;
  O3_TRY([[maybe_unused]] const auto rest, read_rest(out, body, lim));
  if (out.force && !a.has_force)
    return make_error(fault::bad_value, "'force' does not go with " + std::string{a.word} + ".",
                      "/force");
  const auto filter = body.find("filter");
  if (filter == body.end())
    return make_error(fault::missing_key, "The body holds no 'filter'.", "",
                      "\"filter\": {} means all that the action is for");
  O3_TRY(out.filter, read_filter(*filter, "/filter"));
  O3_TRY([[maybe_unused]] const auto fine, narrow(out.filter, a));
  return out;
}

/// The same action on each of a list, a few at a time; answers when the last one is done.
class bulk_run : public std::enable_shared_from_this<bulk_run> {
public:
  bulk_run(context c, const bulk_action& a, bulk_request r, std::vector<id> ids,
           http::respond_fn respond)
      : context_(std::move(c)), action_(a), request_(std::move(r)), ids_(std::move(ids)),
        results_(ids_.size()), respond_(std::move(respond)) {}

  /// Replies may come at once, on this thread: a loop, so that the stack does not grow with them.
  void start_more() {
    std::unique_lock lock{mutex_};
    if (std::exchange(starting_, true))
      return;
    while (next_ < ids_.size() && under_way_ < under_way_max) {
      const auto i = next_++;
      ++under_way_;
      lock.unlock();
      context_.ports.engine.ask(
        action_.ask(request_, ids_[i]),
        [me = shared_from_this(), i](engine::answer a) { me->ended(i, a); });
      lock.lock();
    }
    starting_ = false;
    const bool over = next_ == ids_.size() && under_way_ == 0 && !std::exchange(answered_, true);
    lock.unlock();
    if (over)
      respond_(document());
  }

private:
  struct outcome {
    unsigned status = 0;
    error problem;
  };

  void ended(std::size_t i, engine::answer& a) {
    {
      const std::lock_guard lock{mutex_};
      results_[i].problem = std::move(a.problem);
      const bool fine = results_[i].problem.code == fault::none;
      results_[i].status = !fine ? status_of(results_[i].problem.code).status
                           : a.kind == engine::answer::how::accepted ? 202
                                                                     : 200;
      --under_way_;
    }
    start_more();
  }

  [[nodiscard]] http::response document() const {
    http::response r;
    json_writer out{r.body};
    const auto fine = static_cast<std::size_t>(
      std::count_if(results_.begin(), results_.end(),
                    [](const auto& one) { return one.problem.code == fault::none; }));
    out.begin_object().field("action", action_.word).field("count", ids_.size());
    out.field("done", fine).field("refused", ids_.size() - fine).key("items").begin_array();
    for (std::size_t i = 0; i < ids_.size(); ++i) {
      const auto& one = results_[i];
      out.begin_object().field("id", ids_[i]).field("status", one.status);
      if (one.problem.code != fault::none)
        out.field("code", fault_code(one.problem.code)).field("detail", one.problem.message);
      out.end_object();
    }
    out.end_array().end_object();
    return r;
  }

  const context context_;
  const bulk_action& action_;
  const bulk_request request_;
  const std::vector<id> ids_;
  std::mutex mutex_;
  std::vector<outcome> results_;
  std::size_t next_ = 0, under_way_ = 0;
  bool starting_ = false, answered_ = false;
  http::respond_fn respond_;
};

http::response ask_to_confirm(const bulk_action& a, const bulk_request& r,
                              const std::vector<id>& ids, const std::string& path) {
  const auto n = std::to_string(ids.size());
  const auto word = std::string{a.word};
  auto e = make_error(fault::confirmation_needed,
                      n + (ids.size() == 1 ? " workflow matches" : " workflows match")
                        + (r.confirm ? ", not " + std::to_string(*r.confirm) : "")
                        + "; nothing was changed.",
                      "/confirm", "to " + word + " them, send it again with \"confirm\": " + n);
  auto answer = problem(e, {}, path);
  auto doc = json::parse(answer.body);
  doc["count"] = ids.size();
  doc["ids"] = json::array();
  for (std::size_t i = 0; i < std::min(ids.size(), ids_shown); ++i)
    doc["ids"].push_back(ids[i].hex());
  answer.body = doc.dump();
  return answer;
}

void bulk(const context& c, http::request&& r, http::respond_fn respond) {
  const auto refuse = [&](const error& e) { respond(problem(e, {}, r.path)); };
  const auto body = json_body(r, c.opts->lim.request_bytes, c.opts->lim);
  if (!body)
    return refuse(body.error());
  if (!body->is_object())
    return refuse(make_error(fault::wrong_type, "The body must be an object, not a "
                                                  + std::string{type_name(*body)} + "."));
  const auto action = find_action(*body);
  if (!action)
    return refuse(action.error());
  if (!may(r, (*action)->permission))
    return refuse(lacks(r, (*action)->permission));
  auto request = read_request(*body, **action, c.opts->lim);
  if (!request)
    return refuse(request.error());
  request->who = caller_of(r);
  const auto max = c.opts->bulk_max;
  auto filter = request->filter;
  auto who = request->who;
  c.ports.query.matching(
    std::move(filter), max, std::move(who),
    [c, a = *action, request = *std::move(request), max, path = std::move(r.path),
     respond = std::move(respond)](const error& trouble, query::matches found) mutable {
      if (trouble.code != fault::none)
        return respond(problem(trouble, {}, path));
      if (found.more)
        return respond(problem(
          make_error(fault::too_many_matches,
                     "More than " + std::to_string(max) + " workflows match; nothing was changed.",
                     "/filter", "narrow the filter, or raise http.bulk_max"),
          {}, path));
      if (request.confirm != found.ids.size())
        return respond(ask_to_confirm(*a, request, found.ids, path));
      std::make_shared<bulk_run>(c, *a, std::move(request), std::move(found.ids),
                                 std::move(respond))
        ->start_more();
    });
}

json request_schema() {
  return {{"type", "object"},
          {"required", {"action", "filter"}},
          {"additionalProperties", false},
          {"properties",
           {{"action", {{"type", "string"}, {"enum", action_words()}}},
            {"filter", filter_schema()},
            {"confirm",
             {{"type", "integer"},
              {"minimum", 0},
              {"description", "How many workflows match; without it nothing is changed."}}},
            {"reason", {{"type", "string"}, {"maxLength", 4096}}},
            {"force", {{"type", "boolean"}, {"default", false}}}}}};
}

} // namespace

void add_bulk_rows(std::vector<row>& rows, const context& c) {
  rows.push_back(
    {{.verb = http::method::post,
      .path = "/api/v1/workflow/bulk/",
      .permission = permission::workflow_read,
      .summary = "Do the same to all workflows that a filter finds",
      .tag = "workflow",
      .handle = [c](http::request&& r, http::respond_fn f) { bulk(c, std::move(r), std::move(f)); },
      .request_schema = request_schema(),
      .response_schema = schema_ref("BulkAnswer")},
     "409 confirmation_needed with their count and the first ids unless confirm is the number that "
     "matches now. Then each is asked for as by its own route, whose permission is needed as well, "
     "and the answer says what became of each. A cancel sent again does nothing twice; what a "
     "rerun "
     "let fail again matches again, so look (confirm 0) before you repeat one.",
     {200},
     {409, 422}});
}

} // namespace o3::api
