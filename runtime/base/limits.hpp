// Every bound of the engine in one place; each is a config field `limits.*` with this default.
#pragma once
#include <cstddef>
#include <cstdint>

namespace o3 {

struct limits {
  std::size_t request_bytes = 1 << 20;  ///< body of a submitted request
  std::size_t template_bytes = 1 << 20; ///< a template document
  std::size_t output_bytes = 1 << 20;   ///< all outputs of one task together
  std::size_t workflow_output_bytes = 8 << 20;
  std::size_t attribute_bytes = 64 << 10; ///< one state attribute
  std::size_t inputs_bytes = 1 << 20;     ///< the resolved inputs of one task
  std::uint32_t tasks_per_workflow = 10'000;
  std::uint32_t edges = 100'000;
  std::uint32_t json_depth = 64;
  std::uint32_t json_nodes = 200'000;   ///< values in one document
  std::uint32_t findings = 100;         ///< errors or warnings listed in one answer
  std::uint32_t text_bytes = 4096;      ///< names and descriptions
  std::uint32_t attempts = 100;         ///< of one task, whatever its retry rules say
  std::uint32_t loop_items = 10'000;    ///< items of one for_each
  std::uint32_t nesting = 8;            ///< of workflows that run workflows
  std::uint32_t descendants = 1'000;    ///< workflows below one root, itself not counted
  std::uint32_t script_steps = 200'000; ///< Lua instructions of one expression
  std::size_t script_bytes = 4 << 20;   ///< memory of one expression
  std::uint32_t signals = 1'000;        ///< signals kept for one workflow until a task takes them
  std::size_t signal_bytes = 64 << 10;  ///< body of one signal or decision
  std::uint32_t labels = 32;            ///< of one workflow
  std::uint32_t label_bytes = 256;      ///< value of one label
  std::uint32_t calendars = 16;         ///< that one template, task or schedule names
  /// No bound: a document that was accepted is read again, and rules made since do not refuse it.
  bool stored = false;
};

} // namespace o3
