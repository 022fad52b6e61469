#include "actors/workers/inline_link.hpp"

#include "tasks/worker/core.hpp"

#include <utility>

namespace o3::workers {
namespace {

class inline_link final : public link {
public:
  inline_link(std::shared_ptr<const tasks::registry> classes, const clock& time,
              random_source& random, link_events events)
      : classes_(std::move(classes)), core_(*classes_, time, random), events_(std::move(events)) {
    std::string out;
    core_.hello(0, out);
    events_.on_lines(std::move(out));
  }
  void send(std::string line) override {
    if (ended_)
      return;
    std::string out;
    auto fed = core_.feed(line, out);
    say(std::move(out));
    if (!fed)
      exit("exit status 2: " + fed.error().message);
  }
  void stop(bool force) override { exit(force ? "signal 9 (Killed)" : "exit status 0"); }
  [[nodiscard]] int pid() const override { return 0; }
  [[nodiscard]] std::optional<wall_time> next_due() const override {
    return ended_ ? std::nullopt : core_.next_due();
  }
  void advance() override {
    if (ended_)
      return;
    std::string out;
    core_.advance(out);
    say(std::move(out));
  }

private:
  void say(std::string out) {
    if (!out.empty())
      events_.on_lines(std::move(out));
  }
  void exit(std::string reason) {
    if (!std::exchange(ended_, true))
      events_.on_exit(std::move(reason));
  }

  std::shared_ptr<const tasks::registry> classes_;
  tasks::worker_core core_;
  link_events events_;
  bool ended_ = false;
};

} // namespace

launcher inline_launcher(std::shared_ptr<const tasks::registry> classes, const clock& time,
                         random_source& random) {
  return [classes = std::move(classes), &time,
          &random](link_events events) -> result<std::unique_ptr<link>> {
    return std::unique_ptr<link>{
      std::make_unique<inline_link>(classes, time, random, std::move(events))};
  };
}

} // namespace o3::workers
