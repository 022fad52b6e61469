// A server that exists only as a script of answers, and an environment around it: commands run as
// in a process, without a socket, a clock or a signal. Threads: one owner.
#pragma once
#include "http/cli/cli.hpp"
#include "tests/harness/catch.hpp"

#include <cstdlib>
#include <deque>
#include <filesystem>
#include <fstream>
#include <sstream>

namespace o3::cli {

class fake_clock final : public clock {
public:
  [[nodiscard]] wall_time wall() const override { return wall_; }
  [[nodiscard]] steady_time steady() const override { return steady_; }
  void advance(millis d) {
    wall_ += d;
    steady_ += d;
  }

private:
  wall_time wall_ = *parse_rfc3339("2026-11-21T09:00:10.000Z");
  steady_time steady_{millis{1'000'000}};
};

/// Ctrl-C after so many looks; every wait passes time.
class fake_interrupts final : public interrupts {
public:
  explicit fake_interrupts(fake_clock& c) : clock_(c) {}
  bool wait(millis longest) override {
    waited.push_back(longest);
    clock_.advance(longest);
    return looks_left >= 0 && looks_left-- == 0;
  }
  int looks_left = -1; ///< -1: never
  std::vector<millis> waited;

private:
  fake_clock& clock_;
};

/// One expected call and what comes back: a document, or bytes of a stream, or no connection.
struct step {
  std::string method, path; ///< path with query, as asked
  unsigned status = 200;
  std::string body{};
  std::optional<error> broken{};
  std::vector<std::pair<std::string, std::string>> headers{};
};

class fake_net final : public http::client::transport {
public:
  explicit fake_net(fake_clock& c) : clock_(c) {}
  std::deque<step> script;
  std::vector<http::client::request> asked;

  result<http::client::response> send(const http::client::request& r) override {
    auto s = next(r);
    if (s.broken)
      return *s.broken;
    return http::client::response{s.status, s.headers, s.body, false};
  }
  /// Half of the bytes, a tick 100 ms later, the other half, and the end.
  result<http::client::response> stream(const http::client::request& r,
                                        const http::client::stream_hooks& hooks) override {
    auto s = next(r);
    http::client::response answer{s.status, s.headers, {}, false};
    if (s.status / 100 != 2) {
      answer.body = s.body;
      return answer;
    }
    const auto half = s.body.size() / 2;
    for (const auto& piece : {s.body.substr(0, half), s.body.substr(half)}) {
      answer.stopped = answer.stopped || !hooks.data(answer, piece);
      clock_.advance(hooks.tick_every);
      answer.stopped = answer.stopped || !hooks.tick();
      if (answer.stopped)
        return answer;
    }
    if (s.broken)
      return *s.broken;
    return answer;
  }

private:
  step next(const http::client::request& r) {
    asked.push_back(r);
    const auto root = r.url.find("/", r.url.find("://") + 3);
    const auto path = root == std::string::npos ? std::string{} : r.url.substr(root);
    if (script.empty()) {
      FAIL_CHECK("not expected: " + r.method + " " + path);
      return {r.method, path, 500, "{}"};
    }
    auto s = std::move(script.front());
    script.pop_front();
    CHECK(s.method + " " + s.path == r.method + " " + path);
    return s;
  }
  fake_clock& clock_;
};

/// A directory that is gone after the test.
class scratch {
public:
  scratch() {
    auto pattern = (std::filesystem::temp_directory_path() / "o3-cli-XXXXXX").string();
    REQUIRE(mkdtemp(pattern.data()) != nullptr);
    path = pattern;
  }
  scratch(const scratch&) = delete;
  scratch& operator=(const scratch&) = delete;
  ~scratch() { std::filesystem::remove_all(path); }
  std::string file(const std::string& name, std::string_view text) const {
    std::ofstream{path + "/" + name} << text;
    return path + "/" + name;
  }
  std::string path;
};

/// Runs commands; what they printed is in `out` and `err`.
class bench {
public:
  fake_clock time;
  fake_interrupts stop{time};
  fake_net net{time};
  scratch dir;
  terminal screen;
  std::string input, out, err;
  std::vector<std::pair<std::string, std::string>> variables{{"HOME", "/nonexistent"}};
  std::vector<local_command> local;

  int run(std::vector<std::string> args, bool with_token = true) {
    if (with_token)
      args.insert(args.end(), {"--token", "t0ken"});
    if (std::find(args.begin(), args.end(), "--data-dir") == args.end())
      args.insert(args.end(), {"--data-dir", dir.path});
    std::istringstream in{input};
    std::ostringstream o;
    std::ostringstream e;
    const auto random = seeded_random(1);
    environment env{in, o, e, variables, screen, net, time, *random, stop, false};
    const int code = run_cli(args, env, local);
    out = without_data_dir(o.str());
    err = without_data_dir(e.str());
    CHECK(net.script.empty());
    return code;
  }

  /// Commands that are suggested carry the options given: here that of every test.
  [[nodiscard]] std::string without_data_dir(std::string text) const {
    const auto option = " --data-dir " + dir.path;
    for (auto at = text.find(option); at != std::string::npos; at = text.find(option, at))
      text.erase(at, option.size());
    return text;
  }
  /// As `run`, but all of `args` is given.
  int run_bare(const std::vector<std::string>& args) {
    std::istringstream in{input};
    std::ostringstream o;
    std::ostringstream e;
    const auto random = seeded_random(1);
    environment env{in, o, e, variables, screen, net, time, *random, stop, false};
    const int code = run_cli(args, env, local);
    out = o.str();
    err = e.str();
    return code;
  }
};

inline bool has(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

} // namespace o3::cli
