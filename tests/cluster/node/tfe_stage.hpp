// A node and a strict Terraform Enterprise on one virtual clock: requests go over real sockets to
// the double, time passes for both when the node says so. Threads: one owner.
#pragma once
#include "tests/doubles/tfe_stand.hpp"
#include "tests/harness/node.hpp"

#include <functional>

namespace o3::test {

/// Carries requests to the double; files of other origins are served from `files`.
class wire final : public outside::caller {
public:
  explicit wire(tfe_stand& to) : tfe(to) {}

  void call(outside::request r, const outside::call_terms&,
            std::function<void(outside::answer)> done) override {
    if (now)
      catch_up(now());
    asked.push_back(r.method + " " + r.url);
    const auto rest = r.url.find('/', r.url.find("://") + 3);
    const auto origin = r.url.substr(0, rest);
    done(origin.find("127.0.0.1") == std::string::npos
           ? file(r.url)
           : over_socket(r, origin, r.url.substr(rest)));
  }

  std::function<millis()> now; ///< how much of the node's time has passed
  std::map<std::string, std::string> files;
  std::vector<std::string> asked;

private:
  void catch_up(millis to) {
    constexpr millis fine{2000};
    if (to - passed_ > fine) { // in one step: who waits long looks more than once
      tfe.time.advance(to - passed_ - fine);
      tfe.sim->tick();
      passed_ = to - fine;
    }
    tfe.pass(to - passed_);
    passed_ = std::max(passed_, to);
  }
  [[nodiscard]] outside::answer file(const std::string& url) const {
    outside::answer a;
    const auto at = files.find(url);
    a.status = at == files.end() ? 404 : 200;
    a.body = at == files.end() ? "" : at->second;
    return a;
  }
  [[nodiscard]] outside::answer over_socket(const outside::request& r, const std::string& origin,
                                            const std::string& target) const {
    std::string headers;
    for (const auto& [name, content] : r.headers)
      headers.append(name).append(": ").append(content).append("\r\n");
    if (!r.secret.empty())
      headers.append(r.secret_header).append(": ").append(r.secret).append("\r\n");
    const auto port = std::stoul(origin.substr(origin.rfind(':') + 1));
    const auto got
      = send_raw(static_cast<std::uint16_t>(port), request_text(r.method, target, headers, r.body));
    outside::answer a;
    a.started = now ? steady_time{now()} : steady_time{};
    if (!got.complete) {
      a.problem = "the connection broke before an answer";
      return a;
    }
    a.status = static_cast<unsigned>(got.status);
    a.headers.assign(got.headers.begin(), got.headers.end());
    a.body = got.text;
    return a;
  }

  tfe_stand& tfe;
  millis passed_{0};
};

} // namespace o3::test
