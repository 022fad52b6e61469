#include "actors/catalogue/catalogue_actor.hpp"

#include "actors/catalogue/class_files.hpp"
#include "actors/catalogue/template_changes.hpp"
#include "actors/engine/port_impl.hpp"
#include "actors/engine/submission.hpp"
#include "actors/supervision/blocking.hpp"

#include "actors/pch.hpp"

namespace o3::catalogue {

/// A port call, run by the owner.
struct catalogue_job {
  std::shared_ptr<std::function<void(const options&)>> run;
};

} // namespace o3::catalogue
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(o3::catalogue::catalogue_job)

namespace o3::catalogue {
namespace {

using actors::service;
using engine::context_ptr;

struct catalogue_state {
  static inline const char* name = "catalogue"; // NOLINT: CAF wants this name
  context_ptr ctx;
  options opts;
};
using catalogue_actor = caf::stateful_actor<catalogue_state>;

caf::behavior catalogue(catalogue_actor* self, context_ptr ctx, options o) {
  actors::init_actor(self, ctx->log, "catalogue");
  self->state.ctx = std::move(ctx);
  self->state.opts = std::move(o);
  return {[=](catalogue_job& j) { (*j.run)(self->state.opts); }};
}

answer list_templates(const engine::catalogue_snapshot& known) {
  answer a;
  json_writer out{a.body};
  out.begin_object().key("items").begin_array();
  for (const auto& [ref, entry] : known.templates) {
    const auto& doc = entry.plan->graph->doc;
    out.begin_object()
      .field("ref_name", std::string_view{ref})
      .field("name", std::string_view{doc.name});
    out.field("description", std::string_view{doc.description})
      .field("schema_version", doc.schema_version);
    out.field("tasks", doc.tasks.size())
      .field("origin", std::string_view{entry.origin})
      .field("owned", entry.owned);
    out.field("hash", std::string_view{to_hex(entry.plan->graph->hash)}).end_object();
  }
  out.end_array().key("next_cursor").null();
  engine::write_findings(out, "problems", known.problems);
  out.end_object();
  return a;
}

class node_catalogue final : public port {
public:
  explicit node_catalogue(context_ptr ctx) : ctx_(std::move(ctx)) {}

  void templates(caller, reply_fn reply) override {
    reply(list_templates(*ctx_->catalogue->get()));
  }

  void show_template(std::string ref, caller, reply_fn reply) override {
    auto known = ctx_->catalogue->get();
    auto it = known->templates.find(ref);
    if (it == known->templates.end()) {
      reply(unknown_template(*known, ref));
      return;
    }
    answer a;
    a.body = it->second.plan->graph->doc.source.dump();
    reply(std::move(a));
  }

  void put_template(std::string ref, std::shared_ptr<const json> doc, bool dry_run, caller who,
                    reply_fn reply) override {
    if (!is_ref_name(ref)) {
      reply(refused(fault::bad_value, "'" + printable(ref, 128) + "' is no ref_name", "",
                    "letters, digits, '_', '.', '-'; the first a letter or '_'"));
      return;
    }
    run(std::move(reply), [ref = std::move(ref), doc = std::move(doc), dry_run,
                           who = std::move(who)](const context_ptr& ctx, const options& o) {
      return put(ctx, o, ref, *doc, {std::move(who), "put", 0, ""}, dry_run);
    });
  }

  void delete_template(std::string ref, caller who, reply_fn reply) override {
    run(std::move(reply),
        [ref = std::move(ref), who = std::move(who)](const context_ptr& ctx, const options& o) {
          return remove(ctx, o, ref, {std::move(who), "delete", 0, ""});
        });
  }

  void template_revisions(std::string ref, caller, reply_fn reply) override {
    run(std::move(reply), [ref = std::move(ref)](const context_ptr& ctx, const options& o) {
      return list_revisions(ctx, o, ref);
    });
  }

  void template_revision(std::string ref, std::uint32_t number,
                         std::optional<std::uint32_t> against, caller, reply_fn reply) override {
    run(std::move(reply),
        [ref = std::move(ref), number, against](const context_ptr& ctx, const options& o) {
          return show_revision(ctx, o, ref, number, against);
        });
  }

  void rollback_template(std::string ref, std::uint32_t number, std::string reason, caller who,
                         reply_fn reply) override {
    run(std::move(reply), [ref = std::move(ref), number, reason = std::move(reason),
                           who = std::move(who)](const context_ptr& ctx, const options& o) {
      return rollback(ctx, o, ref, {std::move(who), "rollback", number, reason});
    });
  }

  void classes(caller, reply_fn reply) override {
    answer a;
    json_writer out{a.body};
    out.begin_object().key("items").begin_array();
    for (const auto& c : ctx_->catalogue->get()->classes->all())
      out.value(to_json(*c));
    out.end_array().key("next_cursor").null().end_object();
    reply(std::move(a));
  }

  void show_class(std::string name, caller, reply_fn reply) override {
    auto known = ctx_->catalogue->get();
    answer a;
    if (auto c = known->classes->find(name)) {
      a.body = to_json(*c).dump();
    } else {
      std::vector<std::string> names;
      for (const auto& other : known->classes->all())
        names.push_back(other->name);
      a = refused(fault::not_found, "there is no task class '" + printable(name, 128) + "'", "",
                  nearest_hint(name, names));
    }
    reply(std::move(a));
  }

  void lint_class(std::string text, caller, reply_fn reply) override {
    run(std::move(reply), [text = std::move(text)](const context_ptr&, const options&) {
      return checked(nullptr, check_class(text));
    });
  }

  void add_document(std::shared_ptr<const json> doc, reply_fn reply) override {
    run(std::move(reply), [doc = std::move(doc)](const context_ptr& ctx, const options&) {
      findings found;
      auto plan = check_template(*doc, *ctx->catalogue->get()->classes, ctx->lim, found);
      if (!plan) {
        auto a = refused(fault::validation_failed, "the template has errors");
        a.errors = std::move(found.errors);
        return a;
      }
      auto next = std::make_shared<engine::catalogue_snapshot>(*ctx->catalogue->get());
      next->templates[plan->graph->doc.ref] = {plan, "", false};
      ctx->catalogue->set(std::move(next));
      return checked(plan, found);
    });
  }

  void reload(caller, reply_fn reply) override {
    run(std::move(reply), [](const context_ptr& ctx, const options& o) {
      load_now(ctx, o);
      auto known = ctx->catalogue->get();
      answer a;
      json_writer out{a.body};
      out.begin_object()
        .field("templates", known->templates.size())
        .field("classes", known->classes->all().size());
      engine::write_findings(out, "problems", known->problems);
      out.end_object();
      return a;
    });
  }

private:
  void run(reply_fn reply, std::function<answer(const context_ptr&, const options&)> f) const {
    auto job = [ctx = ctx_, reply = engine::answered_once(std::move(reply)),
                f = std::move(f)](const options& o) { reply(f(ctx, o)); };
    caf::anon_send(ctx_->services->get(service::catalogue),
                   caf::make_message(catalogue_job{
                     std::make_shared<std::function<void(const options&)>>(std::move(job))}));
  }

  context_ptr ctx_;
};

} // namespace

void load_now(const context_ptr& ctx, const options& o) {
  auto next = std::make_shared<engine::catalogue_snapshot>(
    load_templates(o.dirs, o.classes(), ctx->lim, *ctx->catalogue->get()));
  for (const auto& p : next->problems)
    ctx->log.write(log_level::warning, "catalogue", "template or class not usable",
                   {{"code", std::string{fault_code(p.code)}}, {"problem", p.message}});
  ctx->log.write(log_level::info, "catalogue", "loaded",
                 {{"templates", std::to_string(next->templates.size())},
                  {"classes", std::to_string(next->classes->all().size())}});
  ctx->catalogue->set(std::move(next));
}

caf::actor spawn_catalogue(caf::actor_system& sys, context_ptr ctx, options o) {
  auto how = ctx->blocking_owners;
  return actors::spawn_blocking(sys, how, catalogue, std::move(ctx), std::move(o));
}

std::unique_ptr<port> make_port(context_ptr ctx) {
  return std::make_unique<node_catalogue>(std::move(ctx));
}

} // namespace o3::catalogue
