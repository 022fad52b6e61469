// A template made ready to run: classes attached, edges drawn, cycles refused. One plan is shared
// by all workflows accepted on the same template and classes; its hash names the stored copy
// (AMENDMENTS 4). Threads: immutable, shared by `std::shared_ptr<const plan>`.
#pragma once
#include "runtime/base/crypto.hpp"
#include "runtime/template/request.hpp"
#include "runtime/template/states.hpp"
#include "runtime/template/template.hpp"

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

namespace o3 {

class value_check; // runtime/template/schema.hpp

/// A workflow input that some line of the template uses, and whether its value is sealed at rest.
struct plan_input {
  std::string name;
  bool secret = false;
};

/// One input line of a task, prepared: same position as in task_spec::input.
struct plan_variable {
  std::vector<std::string> inputs;     ///< workflow inputs its expression names (sorted, unique)
  std::optional<std::uint32_t> global; ///< position in doc.global of what it falls back on
  bool by_name = false; ///< instead, each input falls back on the global of its own name
  std::shared_ptr<const value_check> check; ///< the class's schema; null accepts anything
  bool secret = false;                      ///< by the class or by its name
  bool reads_outputs = false;               ///< or a loop's item: complete only when it runs
};

struct plan_task {
  std::shared_ptr<const task_class> cls;
  std::vector<plan_variable> variables;
  std::vector<plan_variable> lines; ///< same position as in task_spec::lines
  std::vector<plan_input>
    inputs; ///< all inputs its variables use, fallbacks included (sorted, unique)
  std::vector<std::uint32_t> reads; ///< tasks whose outputs it reads (sorted, unique)
  std::vector<std::uint32_t> after; ///< tasks named in depends_on or in lines that only order, and
                                    ///< not in `reads`
  std::vector<std::uint32_t> dependents; ///< tasks that read or follow this one (sorted)
};

struct plan {
  template_doc doc;
  std::vector<plan_task> tasks;                         ///< same order as doc.tasks
  std::vector<std::vector<std::uint32_t>> layers;       ///< layer 0 depends on nothing
  std::unordered_map<std::string, std::uint32_t> index; ///< task ref -> position
  std::vector<plan_input> inputs; ///< the union over all tasks (sorted, unique)
  std::vector<std::string>
    unused_inputs; ///< named only by globals that no task falls back on (sorted)
  std::uint32_t edges = 0;
  bool names_secrets = false; ///< some line of the template names a stored secret
  std::string body;           ///< canonical {"classes": {…}, "template": {…}}: what is stored
  sha256_hash hash{};         ///< SHA-256 of body
};

/// Checks `doc` against the classes and builds the graph: unknown class, missing or unknown inputs,
/// literals of the wrong type, unknown tasks and outputs, self-reference, cycles (spelled out),
/// limits. nullptr if `found` got errors.
std::shared_ptr<const plan> make_plan(template_doc doc, const class_lookup& classes,
                                      const limits& lim, findings& found);
/// From plan::body as stored, with the classes as they were; nothing is checked against today's,
/// nor against today's limits. Fails with `workflow_unreadable`.
result<std::shared_ptr<const plan>> load_plan(std::string_view body, const limits& lim);

/// A task's input that refers to a stored secret.
struct secret_use {
  std::uint32_t task = 0;
  std::string variable; ///< of the task
  std::string secret;
  std::string pointer;      ///< into the request, or the template
  bool in_template = false; ///< which of them
};

/// The request's values that this plan uses, secrets sealed, `${secret.N}` as {"$secret": N}:
/// {"task": {T: {N: value}}, "workflow": {N: value}, "global": {N: value}} (empty parts left out).
struct binding {
  json inputs = json::object();
  std::vector<secret_use>
    secrets; ///< stored secrets the tasks refer to; the records hold names only
};
/// Resolves every `${workflow.input.N}`: tasks.T, workflow, global, then the template's global of
/// the *task variable* (whose own references use the first three steps only). Missing ->
/// `missing_input` naming task, variable and input; literal and given values are checked against
/// the class's schema; unused request inputs -> warnings; unknown tasks in `tasks` -> errors.
/// Pointers lead into the request; that of a missing input is where its value would stand.
binding bind(const plan& p, const workflow_request& r, const sealer& seal, const limits& lim,
             findings& found);

/// Outputs of a producer: the attributes it created or overwrote; nullptr if it has none (skipped).
using outputs_lookup = std::function<const json*(std::uint32_t task)>;
/// The item of a loop that a task runs for.
struct loop_item {
  const json* value = nullptr; ///< may hold sealed values
  json key;                    ///< of a map: its key; of a list: the position
  std::uint32_t index = 0;
};
/// What references can read at some moment of a workflow's life.
struct run_facts {
  run_facts() = default;
  template <class F>
  requires std::is_constructible_v<outputs_lookup, F> run_facts(F&& known)
      : outputs(std::forward<F>(known)) {} // NOLINT: outputs are all most need

  outputs_lookup outputs;
  std::function<task_state(std::uint32_t task)> state;
  std::optional<loop_item> item;
};

/// An input that secrets went into, in clear.
struct secret_input {
  std::string name;
  json value;
};
/// The inputs of task `t`, sealed values opened, stored secrets as markers (secret_ref.hpp). Fails
/// with `output_missing` (names producer, path and the keys there were), `input_invalid` (type of a
/// resolved value), `secret_unreadable`, or an expression's `expression_failed`. `secrets`, if
/// given, gets those that secrets went into: they are to be starred like them.
result<json> resolve_inputs(const plan& p, std::uint32_t t, const json& inputs,
                            const run_facts& facts, const sealer& seal, const limits& lim,
                            std::vector<secret_input>* secrets = nullptr);

/// What an expression read, as people may see it: "input.size", "5"; *** for a secret.
struct read_note {
  std::string name, shown;
};
struct line_value {
  json value;
  bool secret = false;         ///< something secret went into it
  bool made_of_secret = false; ///< and an expression made it, so that its keys may be secret, too
  std::vector<read_note> reads;
};
/// The value of one of its lines, in the same way. What an expression reads of tasks that did not
/// succeed is null where the line only orders. Inputs fall back on the global of their own name.
result<line_value> resolve_line(const plan& p, std::uint32_t t, std::uint32_t line,
                                const json& inputs, const run_facts& facts, const sealer& seal,
                                const limits& lim);
/// An output that the template declares for the workflow (doc.outputs[i]), in the same way.
result<line_value> resolve_output(const plan& p, std::uint32_t i, const json& inputs,
                                  const run_facts& facts, const sealer& seal, const limits& lim);
/// What the inputs and lines of task `t` (but for line `without`) read besides the item of a loop,
/// reference by reference; what cannot be read is null. For comparing one run with another.
json resolve_reads(const plan& p, std::uint32_t t, const json& inputs, const run_facts& facts,
                   const sealer& seal, const limits& lim,
                   std::optional<std::uint32_t> without = {});

} // namespace o3
