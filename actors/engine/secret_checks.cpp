#include "actors/engine/secret_checks.hpp"

#include "runtime/base/text.hpp"
#include "runtime/template/inline_template.hpp"

#include <set>

namespace o3::engine {
namespace {

using outside::topic;

/// Errors point into the request; what the template says is named in the message.
error at(const secret_use& u, const secrets::asker& who, fault code, std::string message,
         std::string hint) {
  if (!u.in_template)
    return make_error(code, std::move(message), u.pointer, std::move(hint));
  if (is_inline_template_ref(who.template_ref))
    return make_error(code, std::move(message), std::string{inline_template_at} + u.pointer,
                      std::move(hint));
  return make_error(code, message + " (in the template, at " + u.pointer + ")",
                    "/workflow/meta/template", std::move(hint));
}

bool is_usable(const secret_use& u, const secrets::asker& who, const node_context& ctx,
               findings& found) {
  const auto e = ctx.secrets ? ctx.secrets->find(who.project, u.secret) : std::nullopt;
  if (!e) {
    std::vector<std::string> names;
    if (ctx.secrets)
      for (const auto& other : ctx.secrets->list(who.project))
        names.push_back(other.name);
    auto hint = nearest(u.secret, names);
    found.errors.push_back(
      at(u, who, fault::bad_reference, "there is no secret '" + printable(u.secret, 64) + "'",
         hint.empty() ? "store it first: o3 secret set " + printable(u.secret, 64)
                      : "did you mean '" + std::string{hint} + "'?"));
    return false;
  }
  if (!e->may_serve(who.template_ref)) {
    const bool brought = is_inline_template_ref(who.template_ref);
    found.errors.push_back(at(
      u, who, fault::forbidden,
      brought
        ? "the secret '" + e->name + "' is for named templates, not for one in a request"
        : "the secret '" + e->name + "' may not be used by template '" + who.template_ref + "'",
      brought
        ? "run a stored template that it is for: o3 template put FILE"
        : "its owner names the templates it is for: o3 secret set " + e->name + " --template …"));
    return false;
  }
  return true;
}

/// What one talk would ask first; nothing if that cannot be said before its task begins.
std::optional<outside::request> first_request(const outside::outside_code& code, topic about,
                                              const json& inputs, wall_time now) {
  static const json nothing = json::object();
  const outside::occasion in{.inputs = inputs,
                             .attributes = nothing,
                             .marker = "o3-00000000-0000000000000000000000000000-1",
                             .key = "o3-00000000-0000000000000000000000000000",
                             .now = now};
  try {
    return code.begin(about, in)->next();
  } catch (const std::exception&) {
    return std::nullopt; // said when it runs
  }
}

void rehearse(std::uint32_t t, const std::vector<const secret_use*>& uses, const plan& graph,
              const binding& bound, const secrets::asker& who, const catalogue_snapshot& known,
              const node_context& ctx, findings& found) {
  const auto* code = known.classes ? known.classes->code(graph.doc.tasks[t].class_name) : nullptr;
  if (code == nullptr || !code->outside)
    return;
  const auto no_outputs = [](std::uint32_t) -> const json* { return nullptr; };
  auto inputs = resolve_inputs(graph, t, bound.inputs, no_outputs, *ctx.seal, ctx.lim);
  if (!inputs)
    return; // it reads outputs: checked when it is sent
  auto guard = secrets::guard::rehearse(*inputs, ctx.secrets, who);
  if (!guard)
    return;
  std::set<std::string> said;
  for (auto about : {code->outside->launches ? topic::preflight : topic::read, topic::send}) {
    if (about == topic::send && !code->outside->launches)
      continue;
    auto q = first_request(*code->outside, about, guard->inputs(), ctx.time.wall());
    if (!q)
      continue;
    auto no = guard->refuses(*q);
    if (no && said.insert(no->message).second)
      found.errors.push_back(at(*uses.front(), who, no->code,
                                "task '" + graph.doc.tasks[t].ref + "': " + no->message, no->hint));
  }
}

} // namespace

void check_secrets(const plan& graph, const binding& bound, const secrets::asker& who,
                   const catalogue_snapshot& known, const node_context& ctx, findings& found) {
  if (bound.secrets.empty())
    return;
  bool usable = true;
  std::set<std::pair<std::string, std::string>> asked;
  std::map<std::uint32_t, std::vector<const secret_use*>> by_task;
  for (const auto& u : bound.secrets) {
    by_task[u.task].push_back(&u);
    if (asked.emplace(u.secret, u.pointer).second && found.errors.size() < ctx.lim.findings)
      usable = is_usable(u, who, ctx, found) && usable;
  }
  if (!usable || !found.ok())
    return;
  for (const auto& [t, uses] : by_task)
    if (found.errors.size() < ctx.lim.findings)
      rehearse(t, uses, graph, bound, who, known, ctx, found);
}

} // namespace o3::engine
