// A strict AWX, written from the documented behaviour of AWX 24 and nothing else. What it imitates
// and what it leaves out: README.md here. Threads: as `service`.
#pragma once
#include "tests/doubles/base/core.hpp"

namespace o3::doubles {

struct awx_options {
  std::string prefix = "/api/v2"; ///< "/api/controller/v2" behind a gateway
  millis job_duration{2000};
  json world = nullptr;                                    ///< a world file's content
  std::vector<std::pair<std::string, std::string>> tokens; ///< user and a further token
};

result<std::unique_ptr<service>> make_awx(surroundings s, const awx_options& o);

} // namespace o3::doubles
