// Base64 as RFC 4648 §4, with padding. Private to this folder. Threads: pure functions.
#pragma once
#include <optional>
#include <string>
#include <string_view>

namespace o3::script {

std::string base64_encode(std::string_view bytes);
/// Nothing if `text` is not base64; line breaks are skipped, the padding may be missing.
std::optional<std::string> base64_decode(std::string_view text);

} // namespace o3::script
