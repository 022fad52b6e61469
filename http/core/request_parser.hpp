// Beast's parser, filling our request directly: it splits a head that head_check has passed and
// decodes the body (length or chunked). One object per request. Trailers and chunk extensions are
// bounded and dropped. Includes Beast: only session files include this. Threads: one owner.
#pragma once
#include "http/core/message.hpp"

#include <boost/beast/http/basic_parser.hpp>

#include <cstdint>

namespace o3::http {

class request_parser final : public boost::beast::http::basic_parser<true> {
public:
  using error_code = boost::beast::error_code;
  using string_view = boost::beast::string_view;

  /// Chunk extensions and trailers of one request together.
  static constexpr std::size_t overhead_bytes_max = 16 << 10;

  request_parser(request& into, std::size_t head_bytes_max, std::uint64_t body_bytes_max);

private:
  void on_request_impl(boost::beast::http::verb v, string_view name, string_view target,
                       int version, error_code& ec) override;
  void on_response_impl(int code, string_view reason, int version, error_code& ec) override;
  void on_field_impl(boost::beast::http::field f, string_view name, string_view value,
                     error_code& ec) override;
  void on_header_impl(error_code& ec) override;
  void on_body_init_impl(const boost::optional<std::uint64_t>& length, error_code& ec) override;
  std::size_t on_body_impl(string_view body, error_code& ec) override;
  void on_chunk_header_impl(std::uint64_t size, string_view extensions, error_code& ec) override;
  std::size_t on_chunk_body_impl(std::uint64_t remain, string_view body, error_code& ec) override;
  void on_finish_impl(error_code& ec) override;
  void count_overhead(std::size_t bytes, error_code& ec);

  request& into_;
  std::size_t overhead_bytes_ = 0;
  bool head_done_ = false;
};

} // namespace o3::http
