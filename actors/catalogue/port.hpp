// Templates and task classes: what can be run. Threads: as actors/engine/port.hpp.
#pragma once
#include "actors/engine/port.hpp"

namespace o3::catalogue {

using engine::answer;
using engine::caller;
using engine::reply_fn;

class port {
public:
  virtual ~port() = default;
  virtual void templates(caller who, reply_fn reply)
    = 0; ///< {items[{ref_name, name, description, tasks, origin}], problems[]}
  virtual void show_template(std::string ref, caller who, reply_fn reply)
    = 0; ///< the document; not_found
  /// Checks and, unless `dry_run`, stores a template under <data-dir>/templates. {valid, errors,
  /// warnings, plan}.
  virtual void put_template(std::string ref, std::shared_ptr<const json> doc, bool dry_run,
                            caller who, reply_fn reply)
    = 0;
  virtual void delete_template(std::string ref, caller who, reply_fn reply)
    = 0; ///< conflict: comes from a directory O3 does not own
  virtual void classes(caller who, reply_fn reply) = 0; ///< {items[…to_json(task_class)]}
  virtual void show_class(std::string name, caller who, reply_fn reply) = 0;
  /// What is wrong with the text of a class file: {valid, errors, warnings}.
  virtual void lint_class(std::string text, caller who, reply_fn reply) = 0;
  /// Adds a template that lives as long as the process and survives reloads: for embedding and
  /// tests, not in the REST API. Replaces one of the same ref_name. Problems: validation_failed.
  virtual void add_document(std::shared_ptr<const json> doc, reply_fn reply) = 0;
  virtual void reload(caller who, reply_fn reply) = 0; ///< {templates, classes, problems[]}
};

} // namespace o3::catalogue
