#include "actors/secrets/secrets_actor.hpp"

#include "actors/engine/port_impl.hpp"
#include "actors/supervision/blocking.hpp"

#include "actors/pch.hpp"

namespace o3::secrets {

/// A port call, run by the owner.
struct secrets_job {
  std::shared_ptr<std::function<void()>> run;
};

} // namespace o3::secrets
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(o3::secrets::secrets_job)

namespace o3::secrets {
namespace {

using actors::service;
using engine::answer;
using engine::context_ptr;
using engine::reply_fn;

struct secrets_state {
  static inline const char* name = "secrets"; // NOLINT: CAF wants this name
};
using secrets_actor = caf::stateful_actor<secrets_state>;

caf::behavior secrets_owner(secrets_actor* self, const context_ptr& ctx) {
  actors::init_actor(self, ctx->log, "secrets");
  return {[](secrets_job& j) { (*j.run)(); }};
}

answer refused(error e) {
  answer a;
  a.problem = std::move(e);
  return a;
}

answer put_now(const context_ptr& ctx, put_request& r) {
  if (!ctx->secrets)
    return refused(make_error(fault::unavailable, "this node keeps no secrets"));
  findings found;
  change c{.project = r.who.project,
           .name = r.name,
           .value = std::move(r.value),
           .origins = std::move(r.origins),
           .templates = std::move(r.templates)};
  auto e = ctx->secrets->put(std::move(c), ctx->time.wall(), found);
  if (!e) {
    auto a = refused(std::move(e.error()));
    a.errors = std::move(found.errors);
    return a;
  }
  ctx->log.write(log_level::info, "secrets", "stored",
                 {{"secret", e->name}, {"project", e->project}, {"by", r.who.principal}});
  answer a;
  a.body = to_json(*e).dump();
  return a;
}

answer remove_now(const context_ptr& ctx, const std::string& name, const engine::caller& who) {
  if (!ctx->secrets)
    return refused(make_error(fault::not_found, "this node keeps no secrets"));
  if (auto removed = ctx->secrets->remove(who.project, name); !removed)
    return refused(std::move(removed.error()));
  ctx->log.write(log_level::info, "secrets", "removed",
                 {{"secret", name}, {"project", who.project}, {"by", who.principal}});
  return {};
}

class node_secrets final : public port {
public:
  explicit node_secrets(context_ptr ctx) : ctx_(std::move(ctx)) {}

  void list(engine::caller who, reply_fn reply) override {
    run(std::move(reply), [ctx = ctx_, who = std::move(who)] {
      json items = json::array();
      if (ctx->secrets)
        for (const auto& e : ctx->secrets->list(who.project))
          items.push_back(to_json(e));
      answer a;
      a.body = json{{"items", std::move(items)}, {"next_cursor", nullptr}}.dump();
      return a;
    });
  }

  void put(put_request r, reply_fn reply) override {
    run(std::move(reply), [ctx = ctx_, r = std::move(r)]() mutable { return put_now(ctx, r); });
  }

  void remove(std::string name, engine::caller who, reply_fn reply) override {
    run(std::move(reply), [ctx = ctx_, name = std::move(name), who = std::move(who)] {
      return remove_now(ctx, name, who);
    });
  }

private:
  void run(reply_fn reply, std::function<answer()> f) const {
    auto job = [reply = engine::answered_once(std::move(reply)), f = std::move(f)] { reply(f()); };
    caf::anon_send(
      ctx_->services->get(service::secrets),
      caf::make_message(secrets_job{std::make_shared<std::function<void()>>(std::move(job))}));
  }

  context_ptr ctx_;
};

} // namespace

caf::actor spawn_secrets(caf::actor_system& sys, engine::context_ptr ctx) {
  const auto how = ctx->blocking_owners;
  return actors::spawn_blocking(sys, how, secrets_owner, std::move(ctx));
}

std::unique_ptr<port> make_port(engine::context_ptr ctx) {
  return std::make_unique<node_secrets>(std::move(ctx));
}

} // namespace o3::secrets
