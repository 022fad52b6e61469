// What references stand for while a workflow runs: inputs of its binding, outputs and states of its
// tasks. Private to this folder. Errors: `output_missing`, `missing_input`, `input_invalid`,
// `secret_unreadable`, `bad_reference`. Threads: one owner, on the stack of one evaluation.
#pragma once
#include "runtime/dag/inputs.hpp"

namespace o3 {

class run_source final : public value_source {
public:
  /// `task` is whose values are made, if it is one's. All must outlive the source.
  run_source(const plan& p, std::optional<std::uint32_t> task, const json& inputs,
             const run_facts& facts, const sealer& seal, const limits& lim);

  /// The global that inputs fall back on from now on; or each on that of its own name.
  void fall_back_on(std::optional<std::uint32_t> global) {
    global_ = global;
    by_name_ = false;
  }
  void fall_back_by_name() { by_name_ = true; }
  /// Outputs of a task that has none: an error where they are a dependency, null elsewhere.
  void absent_is_null(bool yes) { absent_is_null_ = yes; }
  /// References give what is sealed inside a list or an object as it lies there: no secret then.
  void keep_sealed(bool yes) { keep_sealed_ = yes; }
  void keep_notes(std::vector<read_note>& notes) { notes_ = &notes; }
  void bytes_left(std::size_t n) { bytes_max_ = n; }

  /// Whether anything secret was given since the last forget_secrets().
  [[nodiscard]] bool secret() const { return secret_; }
  /// Whether an expression, which can make anything of it, was given one.
  [[nodiscard]] bool secret_in_expression() const { return secret_in_expression_; }
  void forget_secrets() { secret_ = secret_in_expression_ = false; }

  result<json> value(const reference& r) override;
  result<script::value> read(const reference& r) override;

private:
  result<script::value> find(const reference& r);
  result<script::value> input(const std::string& name);
  result<script::value> each(const each_ref& ref) const;
  result<script::value> output(const output_ref& ref);
  result<script::value> outputs_read(const output_ref& ref);
  void note(const reference& r, const script::value& v);

  const plan& p_;
  const run_facts& facts_;
  const sealer& seal_;
  const limits& lim_;
  input_levels levels_;
  std::optional<std::uint32_t> global_;
  bool by_name_ = false;
  bool absent_is_null_ = false;
  bool keep_sealed_ = false;
  bool secret_ = false;
  bool secret_in_expression_ = false;
  std::size_t bytes_max_;
  std::vector<read_note>* notes_ = nullptr;
};

} // namespace o3
