// One connection of a front: read a request, hand it up, write the answer as its plan says, again.
// Threads: the front's.
#pragma once
#include "http/core/head_check.hpp"
#include "http/core/request_parser.hpp"
#include "tests/doubles/base/front.hpp"

#include <array>

namespace o3::doubles {

class session : public std::enable_shared_from_this<session> {
public:
  session(front& f, boost::asio::ip::tcp::socket socket, int door);
  session(const session&) = delete;
  session& operator=(const session&) = delete;

  void start() { read(); }
  void shut();

private:
  void read();
  void parse();
  bool begin();
  void refuse(unsigned status, const std::string& why);
  void hand_up();
  void answer(http::response&& r, const send_plan& plan);
  [[nodiscard]] std::string head(const http::response& r, std::ptrdiff_t lie, bool close) const;
  void write(std::string bytes, bool close);
  void drip(std::size_t from, std::size_t bytes, millis every);

  static constexpr std::size_t body_bytes_max = 256 << 20;

  front& front_;
  boost::asio::ip::tcp::socket socket_;
  int door_;
  bool shut_ = false, busy_ = false, body_ = false;
  std::array<char, 16 << 10> chunk_{};
  std::string in_, out_;
  http::head_check check_{http::head_limits{}};
  call_ptr call_;
  std::optional<http::request_parser> parser_;
  bool close_ = false, headless_ = false, reading_ = false;
};

} // namespace o3::doubles
