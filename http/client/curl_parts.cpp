#include "http/client/curl_parts.hpp"

#include <cstring>
#include <string.h> // explicit_bzero
#include <string>

namespace o3::http::client {
namespace {

bool append_line(header_list& list, std::string& line) {
  auto* longer = curl_slist_append(list.get(), line.c_str()); // copies
  explicit_bzero(line.data(), line.size());
  if (!longer)
    return false;
  static_cast<void>(list.release());
  list.reset(longer);
  return true;
}

} // namespace

void list_deleter::operator()(curl_slist* l) const {
  for (auto* at = l; at; at = at->next)
    explicit_bzero(at->data, std::strlen(at->data));
  curl_slist_free_all(l);
}

bool append_header(header_list& list, std::string_view name, std::string_view value) {
  std::string line;
  line.reserve(name.size() + 2 + value.size()); // one buffer, so that one is overwritten
  // ';' sends an empty header, ':' with nothing would remove it.
  line.append(name).append(value.empty() ? ";" : ": ").append(value);
  return append_line(list, line);
}

bool suppress_header(header_list& list, std::string_view name) {
  auto line = std::string{name} + ":";
  return append_line(list, line);
}

} // namespace o3::http::client
