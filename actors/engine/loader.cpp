#include "actors/engine/loader.hpp"

#include "runtime/base/in_hand.hpp"
#include "runtime/workflow/apply.hpp"

#include "actors/pch.hpp"

namespace o3::engine {
namespace {
constexpr std::size_t rows_at_once = 1000;
}

result<stored_plan_ptr> load_stored_plan(store::reader& in, plan_cache& plans, const limits& lim,
                                         const sha256_hash& hash) {
  if (auto p = plans.find(hash))
    return p;
  auto body = in.find_blob(hash);
  if (!body)
    return make_error(fault::workflow_unreadable,
                      "the stored template " + to_hex(hash) + " is missing");
  O3_TRY(auto graph, load_plan(*body, lim));
  auto p = std::make_shared<stored_plan>();
  p->graph = std::move(graph);
  p->stored = true;
  plans.insert(p);
  return p;
}

loaded_workflow load(store::reader& in, plan_cache& plans, const limits& lim, const id& workflow) {
  loaded_workflow out;
  out.row = in.find(workflow);
  if (!out.row) {
    out.problem = make_error(fault::not_found, "there is no workflow " + workflow.hex());
    return out;
  }
  auto plan = load_stored_plan(in, plans, lim, out.row->plan_hash);
  if (!plan) {
    out.problem = std::move(plan.error());
    return out;
  }
  out.plan = *plan;
  std::vector<store::journal_row> rows;
  for (std::uint64_t from = std::max<std::uint64_t>(1, out.row->checkpoint_seq);;) {
    auto page = in.rows(workflow, from, rows_at_once);
    bool last = page.size() < rows_at_once;
    if (!page.empty())
      from = page.back().seq + 1;
    std::move(page.begin(), page.end(), std::back_inserter(rows));
    if (last)
      break;
  }
  if (rows.empty() && !in.find(workflow)) { // pruned between the two reads
    out.row.reset();
    out.problem = make_error(fault::not_found, "there is no workflow " + workflow.hex());
    return out;
  }
  auto state = workflow::fold(out.plan->graph, rows);
  if (state)
    out.state = *std::move(state);
  else
    out.problem = std::move(state.error()).prefixed("workflow " + workflow.hex());
  return out;
}

void load_workflow(const context_ptr& ctx, const id& workflow,
                   std::function<void(std::shared_ptr<loaded_workflow>)> f) {
  auto run
    = std::make_shared<std::function<void(store::reader&)>>([ctx, workflow, f](store::reader& in) {
        const in_hand held{workflow};
        f(std::make_shared<loaded_workflow>(load(in, *ctx->plans, ctx->lim, workflow)));
      });
  auto failed = [f = std::move(f)](const std::string& why) {
    auto l = std::make_shared<loaded_workflow>();
    l->problem = make_error(fault::unavailable, "the store could not be read: " + why);
    f(std::move(l));
  };
  caf::anon_send(ctx->services->get(actors::service::engine_reader),
                 to_message(read_job{std::move(run), std::move(failed)}));
}

} // namespace o3::engine
