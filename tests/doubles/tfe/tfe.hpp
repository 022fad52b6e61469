// A strict Terraform Enterprise, written from the documented behaviour of its API v2 and nothing
// else. What it imitates and what it leaves out: README.md here. Threads: as `service`.
#pragma once
#include "tests/doubles/base/core.hpp"

namespace o3::doubles {

struct tfe_options {
  millis job_duration{2000};
  json world = nullptr;                                    ///< a world file's content
  std::vector<std::pair<std::string, std::string>> tokens; ///< user and a further token
  int requests_per_second = 30;                            ///< of one user; 0 is no limit
  int run_lists_per_minute = 30;                           ///< of one user; 0 is no limit
};

result<std::unique_ptr<service>> make_tfe(surroundings s, const tfe_options& o);

} // namespace o3::doubles
