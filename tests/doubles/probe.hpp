// What the tests of the doubles stand on: a clock they move themselves, a double in the process,
// and requests written byte by byte over a raw socket, so that nothing of O3's own client takes
// part. Threads: one owner.
#pragma once
#include "tests/doubles/base/exchange.hpp"
#include "tests/doubles/sim.hpp"
#include "tests/harness/catch.hpp"
#include "tests/http/core/client.hpp"

#include <atomic>
#include <cstdlib>

namespace o3::test {

class hand_clock final : public clock {
public:
  [[nodiscard]] wall_time wall() const override { return wall_time{millis{base_wall + now_}}; }
  [[nodiscard]] steady_time steady() const override { return steady_time{millis{base + now_}}; }
  void advance(millis by) { now_ += by.count(); }

private:
  static constexpr std::int64_t base_wall = 1'790'000'000'000;
  static constexpr std::int64_t base = 5'000'000;
  std::atomic<std::int64_t> now_{0};
};

/// A directory that goes with the test.
class folder {
public:
  folder() {
    std::string name = (std::filesystem::temp_directory_path() / "o3-doubles-XXXXXX").string();
    path = ::mkdtemp(name.data());
  }
  ~folder() {
    std::error_code ec;
    std::filesystem::remove_all(path, ec);
  }
  folder(const folder&) = delete;
  folder& operator=(const folder&) = delete;
  std::filesystem::path path;
};

/// A double with a clock that stands still until it is moved.
class stand {
public:
  explicit stand(doubles::sim_options o) {
    o.dir = dir.path;
    auto s = doubles::simulator::start(o, time);
    if (!s)
      FAIL(s.error().message << " " << s.error().pointer);
    sim = *std::move(s);
  }
  /// Moves time on, in steps small enough for everything that follows from something else.
  void pass(millis by) {
    constexpr millis step{10};
    for (millis gone{0}; gone < by; gone += step) {
      time.advance(step);
      sim->tick();
    }
  }
  /// Replaces the rules; one rule may stand alone.
  void faults(const json& rules) {
    json body = json::object();
    body["rules"] = rules.is_array() ? rules : json::array({rules});
    const json answer = sim->control("POST", "/_sim/faults/", body);
    INFO(answer.dump());
    REQUIRE(answer.contains("rules"));
  }

  folder dir;
  hand_clock time;
  std::unique_ptr<doubles::simulator> sim;
};

struct reply {
  int status = 0;
  std::map<std::string, std::string> headers;
  std::string text;
  json body;
  bool complete = false;
};

inline std::string request_text(const std::string& method, const std::string& target,
                                const std::string& headers, const std::string& body) {
  std::string out = method + " " + target + " HTTP/1.1\r\nHost: 127.0.0.1\r\n" + headers;
  if (!body.empty() || method == "POST" || method == "PUT" || method == "PATCH")
    out += "Content-Length: " + std::to_string(body.size()) + "\r\n";
  return out + "\r\n" + body;
}

inline reply read_reply(client& c, bool bodiless = false) {
  const answer a = c.read(bodiless);
  reply r;
  r.status = a.status;
  r.headers = a.headers;
  r.text = a.body;
  r.complete = a.complete;
  r.body = json::parse(a.body, nullptr, false);
  return r;
}

/// One request on a connection of its own.
inline reply send_raw(std::uint16_t port, const std::string& bytes) {
  client c(port);
  c.send(bytes);
  return read_reply(c);
}

/// A user of one of the doubles: sends its token and the content type of the API.
class probe {
public:
  probe(std::uint16_t port, std::string token, std::string type)
      : port_(port), token_(std::move(token)), type_(std::move(type)) {}

  [[nodiscard]] reply get(const std::string& target) const {
    return send_raw(port_, request_text("GET", target, auth(), ""));
  }
  [[nodiscard]] reply send(const std::string& method, const std::string& target,
                           const json& body = json::object()) const {
    return send_raw(port_, request_text(method, target, auth() + "Content-Type: " + type_ + "\r\n",
                                        body.is_null() ? "" : body.dump()));
  }
  [[nodiscard]] reply post(const std::string& target, const json& body = json::object()) const {
    return send("POST", target, body);
  }
  [[nodiscard]] std::string auth() const {
    return token_.empty() ? "" : "Authorization: Bearer " + token_ + "\r\n";
  }

private:
  std::uint16_t port_;
  std::string token_, type_;
};

} // namespace o3::test
