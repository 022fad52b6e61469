// Appends compact JSON to a string without building a document first; the journal's and the API's
// hot paths use it. Commas are placed by the writer; the caller keeps begin/end balanced. Threads:
// one owner.
#pragma once
#include "runtime/base/id.hpp"
#include "runtime/base/json.hpp"

#include <concepts>
#include <cstdint>
#include <string>
#include <string_view>

namespace o3 {

class json_writer {
public:
  explicit json_writer(std::string& out) : out_(out) {}

  json_writer& begin_object() { return open('{'); }
  json_writer& end_object() { return close('}'); }
  json_writer& begin_array() { return open('['); }
  json_writer& end_array() { return close(']'); }
  json_writer& key(std::string_view k);

  json_writer& value(std::string_view text); ///< escaped; invalid UTF-8 becomes U+FFFD
  json_writer& value(const std::string& text) { return value(std::string_view{text}); }
  json_writer& value(const char* text) { return value(std::string_view{text}); }
  json_writer& value(bool b);
  json_writer& value(std::signed_integral auto n) { return integer(static_cast<std::int64_t>(n)); }
  json_writer& value(std::unsigned_integral auto n) {
    return natural(static_cast<std::uint64_t>(n));
  }
  json_writer&
  value(double d); ///< shortest text that reads back the same; NaN and infinity become null
  json_writer& value(const json& j);
  json_writer& value(const id& i); ///< 32 hex digits
  json_writer& time(wall_time t);  ///< RFC 3339 text
  json_writer& null();
  json_writer& raw(std::string_view json_text); ///< already JSON

  /// key and value in one call
  template <class T>
  json_writer& field(std::string_view k, const T& v) {
    return key(k).value(v);
  }

private:
  json_writer& open(char c);
  json_writer& close(char c);
  json_writer& integer(std::int64_t n);
  json_writer& natural(std::uint64_t n);
  void separate();
  void quoted(std::string_view text);
  std::string& out_;
  bool first_ = true;    ///< nothing written yet in the open object or array
  bool pending_ = false; ///< a key was written, its value comes next
};

} // namespace o3
