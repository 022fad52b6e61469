#include "http/core/request_parser.hpp"

#include "http/core/chars.hpp"

#include <boost/beast/http/impl/basic_parser.hpp>

#include <algorithm>

namespace o3::http {

namespace bhttp = boost::beast::http;

namespace {

/// Room made for an announced body at once; the rest as it comes, so that an announcement costs
/// nothing.
constexpr std::uint64_t reserve_bytes_max = 64 << 10;

std::string lower_case(boost::beast::string_view name) {
  std::string out(name.data(), name.size());
  std::transform(out.begin(), out.end(), out.begin(), lower);
  return out;
}

} // namespace

request_parser::request_parser(request& into, std::size_t head_bytes_max,
                               std::uint64_t body_bytes_max)
    : into_(into) {
  header_limit(static_cast<std::uint32_t>(head_bytes_max) + 4);
  body_limit(body_bytes_max);
  eager(true);
}

void request_parser::on_request_impl(bhttp::verb /*v*/, string_view /*name*/,
                                     string_view /*target*/, int /*version*/, error_code& /*ec*/) {
  into_.headers.reserve(8);
}

void request_parser::on_response_impl(int /*code*/, string_view /*reason*/, int /*version*/,
                                      error_code& ec) {
  ec = bhttp::error::bad_method; // never called: this parses requests
}

void request_parser::on_field_impl(bhttp::field /*f*/, string_view name, string_view value,
                                   error_code& ec) {
  if (head_done_)
    return count_overhead(name.size() + value.size() + 4, ec);
  into_.headers.emplace_back(lower_case(name), std::string(value.data(), value.size()));
}

void request_parser::on_header_impl(error_code& /*ec*/) {
  head_done_ = true;
}

void request_parser::on_body_init_impl(const boost::optional<std::uint64_t>& length,
                                       error_code& /*ec*/) {
  if (length)
    into_.body.reserve(static_cast<std::size_t>(std::min(*length, reserve_bytes_max)));
}

std::size_t request_parser::on_body_impl(string_view body, error_code& /*ec*/) {
  into_.body.append(body.data(), body.size());
  return body.size();
}

void request_parser::on_chunk_header_impl(std::uint64_t /*size*/, string_view extensions,
                                          error_code& ec) {
  count_overhead(extensions.size(), ec);
}

std::size_t request_parser::on_chunk_body_impl(std::uint64_t /*remain*/, string_view body,
                                               error_code& /*ec*/) {
  into_.body.append(body.data(), body.size());
  return body.size();
}

void request_parser::on_finish_impl(error_code& /*ec*/) {
}

void request_parser::count_overhead(std::size_t bytes, error_code& ec) {
  overhead_bytes_ += bytes;
  if (overhead_bytes_ > overhead_bytes_max)
    ec = bhttp::error::header_limit;
}

} // namespace o3::http
