// What `o3 doctor` finds out. Each check gives lines and changes nothing but a probe file it
// removes again. Internal to http/cli. Threads: one owner.
#pragma once
#include "http/cli/session.hpp"

#include <string>
#include <vector>

namespace o3::cli {

enum class verdict : std::uint8_t { ok, warn, fail };
struct finding_line {
  verdict how = verdict::ok;
  std::string what;
  std::string advice; ///< what to do; "" for ok
};
using diagnosis = std::vector<finding_line>;

diagnosis check_config(const context& c);
diagnosis check_data_dir(const environment& env, const std::string& dir, bool server_is_up);
diagnosis check_open_files();
diagnosis check_server(session& s, const environment& env, bool& up);
diagnosis check_token(session& s);
diagnosis check_templates(session& s);
diagnosis check_quarantine(session& s);

} // namespace o3::cli
