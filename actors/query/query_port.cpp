#include "actors/query/query_port.hpp"

#include "actors/engine/loader.hpp"
#include "actors/engine/port_impl.hpp"
#include "actors/engine/quarantine.hpp"
#include "actors/query/feeds.hpp"
#include "runtime/workflow/rerun.hpp"
#include "runtime/workflow/view.hpp"

#include "actors/pch.hpp"

namespace o3::query {
namespace {

using actors::service;
using engine::context_ptr;

void refuse(const reply_fn& reply, error e) {
  answer a;
  a.problem = std::move(e);
  reply(std::move(a));
}

error no_workflow(const id& w) {
  return make_error(fault::not_found, "there is no workflow " + w.hex());
}

// A workflow that cannot be folded is still shown, as far as its summary goes.
void write_unreadable(json_writer& out, const store::summary& row, const error& problem) {
  std::string text;
  json_writer w{text};
  workflow::write_summary(w, row);
  auto doc = json::parse(text);
  doc["why"] = json::array({{{"code", fault_code(problem.code)}, {"text", problem.message}}});
  doc["error"] = {{"code", fault_code(problem.code)}, {"message", problem.message}};
  out.value(doc);
}

// False: the cursor was refused.
bool read_cursor(const std::string& text, std::optional<id>& before, const reply_fn& reply) {
  if (text.empty() || (before = id::parse(text)))
    return true;
  refuse(reply, make_error(fault::bad_value, "'" + printable(text, 64) + "' is no cursor", "",
                           "use next_cursor of the previous page"));
  return false;
}

void end_page(json_writer& out, const std::optional<id>& next) {
  out.end_array().key("next_cursor");
  if (next)
    out.value(*next);
  else
    out.null();
  out.end_object();
}

void write_parked(json_writer& out, const store::summary& row, const engine::parked_since& p) {
  out.begin_object().field("id", row.workflow).field("ref", std::string_view{row.ref});
  out.field("trace_id", std::string_view{row.trace_id});
  out.field("template", std::string_view{row.template_ref});
  out.field("name", std::string_view{row.name});
  out.key("created_at").time(row.created_at).key("since").time(p.at);
  out.field("reason", std::string_view{p.reason}).end_object();
}

class node_query final : public port {
public:
  explicit node_query(context_ptr ctx) : ctx_(std::move(ctx)) {}

  void list(list_request r, caller who, reply_fn reply) override {
    std::optional<id> before;
    if (!read_cursor(r.cursor, before, reply))
      return;
    r.filter.project = who.project;
    read(std::move(reply),
         [r = std::move(r), before](const context_ptr&, store::reader& in, answer& a) {
           auto page = in.list(r.filter, before, r.limit);
           json_writer out{a.body};
           out.begin_object().key("items").begin_array();
           for (const auto& row : page.items)
             workflow::write_summary(out, row);
           end_page(out, page.next);
         });
  }

  void quarantine(list_request r, caller who, reply_fn reply) override {
    std::optional<id> before;
    if (!read_cursor(r.cursor, before, reply))
      return;
    store::list_filter f;
    f.project = who.project;
    f.states = {workflow_state::needs_operator};
    read(std::move(reply),
         [f, before, limit = r.limit](const context_ptr&, store::reader& in, answer& a) {
           auto page = in.list(f, before, limit);
           json_writer out{a.body};
           out.begin_object().key("items").begin_array();
           for (const auto& row : page.items)
             if (auto p = engine::parked(in, row))
               write_parked(out, row, *p);
           end_page(out, page.next);
         });
  }

  void workflow(id w, caller who, reply_fn reply) override {
    read_state(w, std::move(who), std::move(reply),
               [](const engine::loaded_workflow& l, answer& a) {
                 json_writer out{a.body};
                 if (l.state)
                   workflow::write_workflow(out, *l.state);
                 else
                   write_unreadable(out, *l.row, l.problem);
               });
  }

  void tasks(id w, caller who, reply_fn reply) override {
    read_state(w, std::move(who), std::move(reply),
               [](const engine::loaded_workflow& l, answer& a) {
                 if (!l.state) {
                   a.problem = l.problem;
                   return;
                 }
                 json_writer out{a.body};
                 out.begin_object().key("items").begin_array();
                 const auto& s = *l.state;
                 for (std::uint32_t t = 0; t < s.tasks.size(); ++t) {
                   workflow::write_task(out, s, t);
                   if (const auto loop = s.loops.find(t); loop != s.loops.end())
                     for (std::uint32_t i = 0; i < loop->second.begun.size(); ++i)
                       workflow::write_task(out, s, s.number_of(t, i));
                 }
                 out.end_array().key("next_cursor").null().end_object();
               });
  }

  void task(id w, std::string ref, caller who, reply_fn reply) override {
    read_state(w, std::move(who), std::move(reply),
               [w, ref = std::move(ref)](const engine::loaded_workflow& l, answer& a) {
                 if (!l.state) {
                   a.problem = l.problem;
                   return;
                 }
                 const auto task = workflow::task_number(*l.plan->graph, ref);
                 if (!task || !l.state->has(*task)) {
                   a.problem = no_task(w, ref, *l.plan->graph);
                   return;
                 }
                 json_writer out{a.body};
                 workflow::write_task(out, *l.state, *task);
               });
  }

  void revisions(id w, caller who, reply_fn reply) override {
    read_state(w, std::move(who), std::move(reply),
               [](const engine::loaded_workflow& l, answer& a) {
                 if (!l.state) {
                   a.problem = l.problem;
                   return;
                 }
                 json_writer out{a.body};
                 workflow::write_revisions(out, *l.state);
               });
  }

  void revision(id w, std::uint32_t number, std::optional<std::uint32_t> against, caller who,
                reply_fn reply) override {
    read_state(w, std::move(who), std::move(reply),
               [w, number, against](const engine::loaded_workflow& l, answer& a) {
                 if (!l.state) {
                   a.problem = l.problem;
                   return;
                 }
                 for (auto n : {number, against.value_or(number)})
                   if (workflow::inputs_of_revision(*l.state, n) == nullptr) {
                     a.problem
                       = make_error(fault::not_found,
                                    "workflow " + w.hex() + " has no revision " + std::to_string(n),
                                    "", "it has 1 to " + std::to_string(l.state->revision));
                     return;
                   }
                 json_writer out{a.body};
                 workflow::write_revision(out, *l.state, number, against);
               });
  }

  void events(events_request r, feed_reply reply) override {
    auto at = parse_event_cursor(r.after.empty() ? "0" : r.after);
    if (!at) {
      reply(make_error(fault::bad_value, "'" + printable(r.after, 64) + "' is no event id", "",
                       "use the id of an earlier event"),
            nullptr);
      return;
    }
    auto run = [ctx = ctx_, r, at = *at, reply = std::move(reply)](store::reader& in) mutable {
      if (!r.workflow) {
        if (r.after.empty())
          at.row = in.last_pos();
        reply({}, make_event_feed(ctx, r, at));
        return;
      }
      auto row = in.find(*r.workflow);
      if (!row || row->project != r.who.project)
        reply(no_workflow(*r.workflow), nullptr);
      else
        reply({}, make_event_feed(ctx, r, at));
    };
    send(std::move(run));
  }

  void log(log_request r, feed_reply reply) override {
    auto at = parse_cursor(r.after.empty() ? "0" : r.after);
    if (!at) {
      reply(make_error(fault::bad_value, "'" + printable(r.after, 64) + "' is no log cursor"),
            nullptr);
      return;
    }
    send([ctx = ctx_, r, at = *at, reply = std::move(reply)](store::reader& in) {
      auto row = in.find(r.workflow);
      if (!row || row->project != r.who.project) {
        reply(no_workflow(r.workflow), nullptr);
        return;
      }
      std::optional<std::uint32_t> task;
      if (r.task) {
        auto plan = engine::load_stored_plan(in, *ctx->plans, ctx->lim, row->plan_hash);
        if (!plan) {
          reply(plan.error(), nullptr);
          return;
        }
        task = workflow::task_number(*(*plan)->graph, *r.task);
        if (!task) {
          reply(no_task(r.workflow, *r.task, *(*plan)->graph), nullptr);
          return;
        }
      }
      reply({}, make_log_feed(ctx, r, task, row->created_at, at));
    });
  }

private:
  static error no_task(const id& w, const std::string& ref, const plan& p) {
    std::vector<std::string> names;
    for (const auto& t : p.doc.tasks)
      names.push_back(t.ref);
    return make_error(fault::not_found,
                      "workflow " + w.hex() + " has no task '" + printable(ref, 128) + "'", "",
                      nearest_hint(ref, names));
  }

  void send(std::function<void(store::reader&)> run) const {
    caf::anon_send(ctx_->services->get(service::api_reader),
                   to_message(engine::read_job{
                     std::make_shared<std::function<void(store::reader&)>>(std::move(run))}));
  }

  void read(reply_fn reply,
            std::function<void(const context_ptr&, store::reader&, answer&)> fill) const {
    send([ctx = ctx_, reply = engine::answered_once(std::move(reply)),
          fill = std::move(fill)](store::reader& in) {
      ++ctx->stats->api_reads;
      answer a;
      fill(ctx, in, a);
      reply(std::move(a));
    });
  }

  void read_state(id w, caller who, reply_fn reply,
                  std::function<void(const engine::loaded_workflow&, answer&)> fill) const {
    read(std::move(reply), [w, who = std::move(who), fill = std::move(fill)](
                             const context_ptr& ctx, store::reader& in, answer& a) {
      auto l = engine::load(in, *ctx->plans, ctx->lim, w);
      if (!l.row || l.row->project != who.project)
        a.problem = no_workflow(w);
      else
        fill(l, a);
    });
  }

  context_ptr ctx_;
};

} // namespace

std::unique_ptr<port> make_port(context_ptr ctx) {
  return std::make_unique<node_query>(std::move(ctx));
}

} // namespace o3::query
