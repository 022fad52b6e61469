// The strict gate in front of Beast's parser: reads a request head as it arrives, byte by byte, and
// refuses whatever two implementations could read differently. Beast splits the head and decodes
// the body afterwards; what this check said about framing is then compared with what Beast says.
//
// Refused: bare CR or LF, NUL and control bytes, obs-fold, blanks before the colon, names that are
// no tokens, odd or repeated Content-Length, Content-Length with Transfer-Encoding, any
// Transfer-Encoding but "chunked" (and any in HTTP/1.0), a missing, doubled or odd Host, HTTP/0.9,
// targets of the wrong form (target.hpp), too long heads, too many fields. Lines are judged as soon
// as they are complete, so a refusal does not wait for the end of the head. Threads: one owner. No
// I/O.
#pragma once
#include "http/core/message.hpp"
#include "http/core/target.hpp"
#include "runtime/base/fault.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace o3::http {

struct head_limits {
  std::size_t head_bytes = 16 << 10;
  std::size_t headers_max = 64;
  std::size_t target_bytes = 8 << 10; ///< 414 beyond
};

/// Why a request is refused; the connection cannot be used any further.
struct refusal {
  unsigned status = 400;
  fault code = fault::bad_request;
  std::string detail;
};

/// What the head says, as far as framing and routing are concerned.
struct head_facts {
  method verb = method::other;
  bool http11 = false;
  bool close = false; ///< the client wants the connection closed, or it is HTTP/1.0
  bool chunked = false;
  bool expect_continue = false;
  std::optional<std::uint64_t> length; ///< Content-Length
  std::size_t skipped = 0;             ///< bytes of one blank line before the request line
  std::size_t bytes = 0; ///< of the whole head, with `skipped` and the final blank line
  target_parts target;
};

class head_check {
public:
  enum class state { more, whole, refused };

  explicit head_check(head_limits limits) : limits_(limits) {}
  /// `data` begins at the first byte of the message and has at least the bytes of the last call;
  /// bytes behind the head are not looked at.
  state feed(std::string_view data);
  [[nodiscard]] head_facts& facts() { return facts_; }          ///< after `whole`
  [[nodiscard]] const refusal& why() const { return refusal_; } ///< after `refused`
  void reset();                                                 ///< ready for the next message

private:
  bool refuse(unsigned status, std::string detail, fault code = fault::bad_request);
  bool on_line(std::string_view line, std::size_t end);
  bool request_line(std::string_view line);
  bool request_target(std::string_view method_name, std::string_view target);
  bool field(std::string_view line);
  bool known_field(std::string_view name, std::string_view value);
  bool content_length(std::string_view value);
  bool host(std::string_view value);
  bool finish();
  bool within_limits(std::size_t bytes);

  head_limits limits_;
  head_facts facts_;
  refusal refusal_;
  std::string authority_; ///< of an absolute-form target; Host must say the same
  std::size_t seen_ = 0;
  std::size_t line_start_ = 0;
  std::size_t fields_ = 0;
  bool has_request_line_ = false;
  bool has_host_ = false;
  bool has_encoding_ = false;
};

} // namespace o3::http
