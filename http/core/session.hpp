// One connection: reads requests, hands them to the handler, writes the answers in order.
//
//   socket -> head_check -> request_parser -> exchange (handler at work) -> out_ -> socket
//
// Requests that cannot change anything (GET, HEAD, OPTIONS) are worked on side by side when a
// client pipelines them; any other waits until all before it are answered, and those behind it wait
// too. `advance` is the only driver: it writes what is ready and parses what has come until neither
// moves; whatever arrives while it runs only sets `dirty_`. Reads wait for readiness without a
// buffer, so an idle connection costs this object and nothing else. After a refusal the connection
// is closed lingering: the send side first, then what still comes is read away for a bounded time,
// so that the client can read why. Threads: the lane's only.
#pragma once
#include "http/core/head_check.hpp"
#include "http/core/lane.hpp"
#include "http/core/request_parser.hpp"

#include <optional>

namespace o3::http {

class session : public std::enable_shared_from_this<session> {
public:
  using time_point = std::chrono::steady_clock::time_point;

  session(lane& l, boost::asio::ip::tcp::socket socket, std::string remote, const address_key& key,
          bool admitted);
  ~session();
  session(const session&) = delete;
  session& operator=(const session&) = delete;

  void start();
  void tick(time_point now) noexcept; ///< checks every deadline
  void on_delivery(delivery&& d) noexcept;
  void shut() noexcept; ///< closes at once; pending answers are dropped

  std::size_t place = 0; ///< in the lane's list

private:
  enum class phase : std::uint8_t { idle, head, body };

  /// A request that is not yet answered on the wire.
  struct exchange {
    std::uint64_t number = 0;
    time_point started;
    bool head = false; ///< asked by HEAD: no body
    bool http11 = true;
    bool close = false; ///< the last one on this connection
    bool safe = true;
    bool ready = false;
    bool counted = false; ///< its stream is counted in hub::streams
    response answer;
  };

  // session.cpp: life, deadlines, deliveries
  /// Runs `f`; if anything throws, this connection ends and the server goes on.
  template <class Fn>
  void guarded(Fn&& f) noexcept {
    try {
      f();
    } catch (...) {
      shut();
    }
  }
  void advance();
  void check_deadlines(time_point now);
  void check_peer();
  void deliver(delivery&& d);
  void settle(exchange& e, response&& r);
  exchange* find(std::uint64_t number);
  void fail(exchange& e, unsigned status, fault code, std::string_view detail);

  // session_read.cpp: socket -> handler
  void wait_read();
  void on_readable();
  void on_eof();
  [[nodiscard]] bool may_parse() const;
  [[nodiscard]] std::size_t read_bytes_max() const;
  std::size_t consume(std::string_view data);
  std::size_t consume_head(std::string_view data);
  std::size_t consume_body(std::string_view data);
  bool begin_request(std::string_view head);
  void finish_request();
  void dispatch();
  void refuse(unsigned status, fault code, std::string_view detail);
  bool parse_buffered();

  // session_write.cpp: answers -> socket
  bool write_ready();
  void serialise(exchange& e);
  bool send();
  void wait_write();
  bool send_continue();
  void linger();
  void drain_linger();
  void release(exchange& e);

  // session_stream.cpp: bodies in pieces
  void open_stream(exchange& e, bool chunked);
  void pump();
  void put_piece(std::string&& piece);
  void heartbeat(time_point now);
  void close_stream();

  lane& lane_;
  hub& hub_;
  boost::asio::ip::tcp::socket socket_;
  std::string remote_;
  address_key key_;
  bool admitted_;

  // reading
  phase phase_ = phase::idle;
  bool reading_ = false; ///< waiting for readability
  bool peer_eof_ = false;
  bool no_more_ = false; ///< nothing is parsed any more: the last exchange is known
  bool held_ = false;    ///< request_ is complete but must wait for those before it
  bool fresh_ = true;    ///< no request yet on this connection
  bool want_continue_ = false;
  std::uint64_t body_seen_ = 0;
  time_point since_; ///< start of the present phase
  head_check check_;
  request request_;
  std::optional<request_parser> parser_;
  std::string in_; ///< what could not be used yet

  // exchanges
  std::uint64_t next_number_ = 1;
  std::vector<exchange> exchanges_;
  bool busy_ = false;
  bool dirty_ = false;

  // writing
  std::string out_; ///< heads and small bodies
  std::string big_; ///< one large body, sent behind out_ without a copy
  std::size_t sent_ = 0;
  bool writing_ = false; ///< waiting for writability
  bool close_after_ = false;
  bool lingering_ = false;
  bool closed_ = false;
  std::size_t drained_ = 0;
  time_point progress_; ///< last byte written
  time_point linger_until_;

  // the stream at the front, if any
  std::shared_ptr<stream> stream_;
  std::uint64_t piece_number_ = 0;
  std::optional<delivery> piece_;
  bool piece_wanted_ = false; ///< asked for, not here
  bool chunked_ = false;
  bool pump_posted_ = false;
};

} // namespace o3::http
