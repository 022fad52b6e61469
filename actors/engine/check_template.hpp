// A template document made ready to run. CAF-free. Threads: pure.
#pragma once
#include "actors/engine/catalogue_snapshot.hpp"
#include "runtime/base/limits.hpp"

namespace o3::engine {

/// One document, checked against the classes; nullptr with errors in `found`.
stored_plan_ptr check_template(const json& doc, const tasks::registry& classes, const limits& lim,
                               findings& found);

} // namespace o3::engine
