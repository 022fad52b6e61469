// What the API does to templates: store, delete, look at what was there before, and go back to it.
// Every change is a revision (template_history.hpp) before the template's own file changes.
// CAF-free but for the context. Threads: blocking; called by the catalogue's owner only.
#pragma once
#include "actors/catalogue/catalogue_actor.hpp"

namespace o3::catalogue {

/// Who changes a template, and how.
struct change {
  caller who;
  std::string action;     ///< as in template_revision
  std::uint32_t from = 0; ///< rollback: the revision to go back to
  std::string reason;
};

answer refused(fault code, std::string message, std::string pointer = {}, std::string hint = {});
answer unknown_template(const engine::catalogue_snapshot& known, const std::string& ref);
/// {valid, stored, revision?, errors, warnings, plan?}; `revision`: what it is stored as.
answer checked(const engine::stored_plan_ptr& plan, const findings& found,
               std::optional<std::uint32_t> revision = {});

/// Stores `doc`. The content in use again is no new revision.
answer put(const engine::context_ptr& ctx, const options& o, const std::string& ref,
           const json& doc, const change& by, bool dry_run);
answer remove(const engine::context_ptr& ctx, const options& o, const std::string& ref,
              const change& by);
/// Stores an earlier revision anew. Of templates that the API stored only.
answer rollback(const engine::context_ptr& ctx, const options& o, const std::string& ref,
                const change& by);
/// {ref_name, origin, owned, current, items, next_cursor}
answer list_revisions(const engine::context_ptr& ctx, const options& o, const std::string& ref);
/// One of the items with its document, and the changes from `against` to it.
answer show_revision(const engine::context_ptr& ctx, const options& o, const std::string& ref,
                     std::uint32_t number, std::optional<std::uint32_t> against);

} // namespace o3::catalogue
