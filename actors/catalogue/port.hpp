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
  /// Checks and, unless `dry_run`, stores a template under <data-dir>/templates. {valid, stored,
  /// revision, errors, warnings, plan}.
  virtual void put_template(std::string ref, std::shared_ptr<const json> doc, bool dry_run,
                            caller who, reply_fn reply)
    = 0;
  virtual void delete_template(std::string ref, caller who, reply_fn reply)
    = 0; ///< conflict: comes from a directory O3 does not own
  /// {ref_name, origin, owned, current, items[{revision, by, at, action, from?, reason?, tasks,
  /// hash, current}]}: what the API stored under this name; not_found.
  virtual void template_revisions(std::string ref, caller who, reply_fn reply) = 0;
  /// One of them, with its document and, if `against` is given, changes[] from that one to it (RFC
  /// 6902); not_found.
  virtual void template_revision(std::string ref, std::uint32_t number,
                                 std::optional<std::uint32_t> against, caller who, reply_fn reply)
    = 0;
  /// Stores an earlier revision anew, as put_template does; not_found, conflict (it comes from a
  /// file), bad_value (that revision is a deletion), validation_failed.
  virtual void rollback_template(std::string ref, std::uint32_t number, std::string reason,
                                 caller who, reply_fn reply)
    = 0;
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
