// From configuration to a node's options. Threads: pure.
#pragma once
#include "cluster/node/installation.hpp"
#include "cluster/node/node.hpp"
#include "config/model/options.hpp"

namespace o3 {

/// `program` is the o3 binary, for worker processes. Fails on an address that cannot be read, or
/// one that is not loopback without http.insecure.
result<node_options> node_options_of(const config::options& o, const installation& i,
                                     const std::string& program);
/// Host part of http.listen, without brackets.
std::string listen_host(const config::options& o);
/// The templates O3 brings: next to the installed program, or the source tree's.
std::filesystem::path bundled_templates(const std::string& program);

} // namespace o3
