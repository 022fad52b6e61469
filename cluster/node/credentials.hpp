// The stored secrets of one node: its own file, mounted files, the environment; in this order.
// Threads: called once, before the node starts.
#pragma once
#include "cluster/node/installation.hpp"
#include "runtime/base/log.hpp"
#include "runtime/secrets/store.hpp"

#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace o3 {

/// `variables`: those of the environment that may be secrets. What of them cannot be used is logged
/// by name. Fails with what is wrong with <data-dir>/secrets.json, or with `config_invalid` for a
/// secrets.dir that is no directory.
result<std::shared_ptr<secrets::credentials>>
open_credentials(const config::options& o, const installation& i,
                 const std::vector<std::pair<std::string, std::string>>& variables,
                 const logger& log);

} // namespace o3
