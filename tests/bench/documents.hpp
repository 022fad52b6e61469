// The templates and requests the workloads use, as text. Threads: pure.
#pragma once
#include <string>
#include <string_view>

namespace o3::bench {

inline constexpr std::string_view submit_path = "/api/v1/workflow/submit/";

/// {"workflow":{"meta":{"template":REF}},"schema_version":2}
std::string request_for(std::string_view template_ref);

/// a and b, then c after both; all of this class, without delay.
std::string three_of(std::string_view ref, std::string_view task_class);
/// `n` noops side by side, then one after all of them.
std::string fan_of(std::string_view ref, int n);
/// `n` noops, each after the one before.
std::string chain_of(std::string_view ref, int n);
/// noop → timer → noop.
std::string parked_for(std::string_view ref, int seconds);
/// a‖b → timer → c.
std::string joined_timer(std::string_view ref, int seconds);

} // namespace o3::bench
