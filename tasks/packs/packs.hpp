// The classes that come with O3 as declarative files, embedded in the binary; the same files stand
// in this folder to be read and copied. Threads: pure.
#pragma once
#include "tasks/api/task.hpp"
#include "tasks/declarative/helpers.hpp"

#include <vector>

namespace o3::packs {

/// A class file as it stands in this folder.
struct pack_file {
  std::string_view name; ///< "awx/awx_job_launch.json"
  std::string_view text;
};
std::vector<pack_file> pack_files();

/// Every helper of every pack, the standard ones included: what files in tasks.dir may call too.
const declarative::helper_set& pack_helpers();

/// All of them, loaded. Throws std::logic_error for a file that cannot be: a test holds that none.
std::vector<tasks::installed_class> builtin_packs();

} // namespace o3::packs
