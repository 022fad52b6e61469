#include "actors/engine/port_impl.hpp"

#include "actors/engine/messages.hpp"
#include "actors/pollers/poller_actor.hpp"

#include "actors/pch.hpp"

namespace o3::engine {
namespace {

using actors::service;

struct once {
  explicit once(reply_fn r) : reply(std::move(r)) {}
  once(const once&) = delete;
  once& operator=(const once&) = delete;
  ~once() {
    if (used.exchange(true))
      return;
    answer a;
    a.problem
      = make_error(fault::unavailable, "the request was dropped before it could be answered", "",
                   "look whether it took effect, then send it again");
    try {
      reply(std::move(a));
    } catch (...) { // NOLINT(bugprone-empty-catch): a destructor must not throw; the caller is gone
    }
  }
  reply_fn reply;
  std::atomic<bool> used{false};
};

class node_port final : public port {
public:
  node_port(context_ptr ctx, random_source& random)
      : ctx_(std::move(ctx)), ids_(ctx_->time, random) {}

  void submit(submit_request r, reply_fn reply) override {
    send(std::move(r), std::move(reply), false);
  }
  void validate(submit_request r, reply_fn reply) override {
    send(std::move(r), std::move(reply), true);
  }

  void ask(workflow_ask r, reply_fn reply) override {
    if (refused(reply))
      return;
    auto c = std::make_shared<command>();
    c->workflow = std::visit([](const auto& x) { return x.workflow; }, r);
    c->reply = answered_once(std::move(reply));
    c->what = std::move(r);
    caf::anon_send(ctx_->services->get(service::workflows), to_message(command_for{std::move(c)}));
  }

  void happened(std::string external_id) override {
    caf::anon_send(ctx_->services->get(service::pollers),
                   pollers::to_message(pollers::poll_now{std::move(external_id)}));
  }

private:
  bool refused(const reply_fn& reply) const {
    if (!ctx_->draining->load())
      return false;
    answer a;
    a.problem = make_error(fault::shutting_down, "this node is shutting down", "",
                           "try again in a few seconds");
    reply(std::move(a));
    return true;
  }

  void send(submit_request r, reply_fn reply, bool validate_only) {
    if (refused(reply))
      return;
    auto job = std::make_shared<submission>();
    job->workflow = next_id();
    job->request = std::move(r);
    job->reply = answered_once(std::move(reply));
    job->validate_only = validate_only;
    caf::anon_send(ctx_->services->get(service::workflows),
                   to_message(engine::submit{std::move(job)}));
  }

  id next_id() {
    std::lock_guard lock{mutex_};
    return ids_.next();
  }

  context_ptr ctx_;
  std::mutex mutex_;
  id_maker ids_;
};

} // namespace

reply_fn answered_once(reply_fn reply) {
  auto slot = std::make_shared<once>(std::move(reply));
  return [slot](answer a) {
    if (!slot->used.exchange(true))
      slot->reply(std::move(a));
  };
}

std::unique_ptr<port> make_port(context_ptr ctx, random_source& random) {
  return std::make_unique<node_port>(std::move(ctx), random);
}

} // namespace o3::engine
