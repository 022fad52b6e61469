// What the parts of a double hand each other: a request as it arrived, an answer, and how the
// answer is put on the wire (whole, cut, lying, slowly or not at all). Threads: values; a
// `reply_fn` is called once, on the loop's thread.
#pragma once
#include "http/core/message.hpp"
#include "runtime/base/clock.hpp"
#include "runtime/base/json.hpp"

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace o3::doubles {

/// A request. `path` always ends in a slash here; `slash` says whether it did on the wire.
struct call : http::request {
  std::string method; ///< as sent: "PATCH" too, which `verb` cannot name
  std::string target; ///< path and query as sent
  bool slash = true;
  int door = 0; ///< which listener it came in by: 0 the API, 1 the file store of TFE
  steady_time arrived{};

  std::string route;     ///< pattern of the route, "" when there is none; filled by the simulator
  millis lag{0};         ///< listings leave out what is younger (a fault)
  std::size_t shift = 0; ///< pages behind the first skip as many rows (a fault)
  bool late = false;     ///< its answer is lost already, it takes effect now (a fault)

  [[nodiscard]] bool reads() const { return method == "GET" || method == "HEAD"; }
};

using call_ptr = std::shared_ptr<call>;
using reply_fn = std::function<void(http::response)>;

/// How an answer leaves.
struct send_plan {
  bool lose = false;          ///< nothing is sent, the connection ends
  std::size_t cut = npos;     ///< only as many bytes of the body, then the end
  std::ptrdiff_t lie = 0;     ///< added to Content-Length
  std::size_t slow_bytes = 0; ///< as many bytes each `slow_every`; 0: at once
  millis slow_every{1000};
  static constexpr std::size_t npos = static_cast<std::size_t>(-1);
};

http::response json_answer(unsigned status, const json& body);
http::response text_answer(unsigned status, std::string type, std::string body);
/// Adds or replaces a header.
void set_header(http::response& r, std::string_view name, std::string value);

/// The value of `key` in an object, or `fallback` when it is absent or of another type.
template <class T>
T get_or(const json& j, const char* key, T fallback) {
  if (!j.is_object())
    return fallback;
  const auto hit = j.find(key);
  if (hit == j.end() || hit->is_null())
    return fallback;
  try {
    return hit->template get<T>();
  } catch (const json::exception&) {
    return fallback;
  }
}

/// `text` as a whole number; nullopt if it is anything else.
std::optional<std::int64_t> whole_number(std::string_view text);
/// Bytes as base64 with padding; `from_base64` answers nullopt to what is not.
std::string to_base64(std::string_view bytes);
std::optional<std::string> from_base64(std::string_view text);
std::string lower_text(std::string_view text);

} // namespace o3::doubles
