// send: the one request that starts something, and what its answer means.
#include "tasks/declarative/session.hpp"

#include "runtime/base/text.hpp"

#include <algorithm>

namespace o3::declarative {
namespace {

class send_talk final : public outside::talk {
public:
  send_talk(std::shared_ptr<const document> d, const outside::occasion& o)
      : s_(std::move(d), o), p_(*s_.doc->send), attempt_(o.attempt),
        walk_(s_, p_.steps, walk_steps::taking::gets) {
    if (!s_.doc->preflight)
      s_.forget();
  }

  std::optional<outside::request> next() override {
    if (over_)
      return std::nullopt;
    if (auto q = walk_.next())
      return q;
    over_ = true;
    if (walk_.stopped()) {
      not_sent(*walk_.stopped());
      return std::nullopt;
    }
    evaluator e{s_.known};
    if (p_.skip_when && e.holds(*p_.skip_when)) {
      confirm();
      return std::nullopt;
    }
    return the_request();
  }

  void hear(outside::answer a) override {
    if (sent_)
      classify(a);
    else
      walk_.hear(a);
  }

  outside::conclusion conclude() override {
    if (!s_.out.launch)
      s_.out.launch = launch::send_ambiguous{attempt_, "no answer was brought"};
    return std::move(s_.out);
  }

private:
  std::optional<outside::request> the_request() {
    for (const auto& one : p_.requests) {
      evaluator e{s_.known};
      if (one.when && !e.holds(*one.when))
        continue;
      auto q = s_.build(one);
      if (!q) {
        not_sent({stop::kind::refused, q.error().code, q.error().message, {}});
        return std::nullopt;
      }
      sent_ = &one;
      q->once = true;
      return *std::move(q);
    }
    not_sent({stop::kind::refused, fault::internal, "no request of the class fits", {}});
    return std::nullopt;
  }

  // The POST did not leave: whatever stopped us, nothing was started.
  void not_sent(const stop& why) {
    s_.out.launch
      = launch::send_not_done{attempt_, why.what == stop::kind::refused, why.message, why.wait};
  }

  void classify(const outside::answer& a) {
    auto& r = s_.known.replies["send"] = to_reply(a);
    s_.known.error = readable(a);
    const auto said = readable(a);
    if (a.sent_nothing) {
      s_.out.launch = launch::send_not_done{attempt_, false, said, a.wait};
      return;
    }
    if (a.status == 0) {
      s_.out.launch = launch::send_ambiguous{attempt_, said};
      return;
    }
    if (is_wanted(a.status)) {
      confirm();
      return;
    }
    evaluator e{s_.known};
    const auto* row = matching(sent_->errors, r, e);
    if (!row)
      row = matching(s_.doc->errors, r, e);
    by_row(row, a, said);
  }

  bool is_wanted(unsigned status) {
    evaluator e{s_.known};
    const auto made = sent_->ok_value ? e.eval(*sent_->ok_value) : std::nullopt;
    if (made && made->is_array())
      return std::find(made->begin(), made->end(), status) != made->end();
    return in_ranges(sent_->ok, status);
  }

  void by_row(const error_row* row, const outside::answer& a, const std::string& answer) {
    auto said = row ? s_.sentence(row->say) : std::string{};
    if (said.empty())
      said = answer;
    switch (row ? row->means : meaning::ambiguous) {
    case meaning::not_done:
      s_.out.launch = launch::send_not_done{
        attempt_, false, said,
        row->waits ? std::optional{outside::told_to_wait(a, s_.now).value_or(millis{10'000})}
                   : std::nullopt};
      break;
    case meaning::permanent:
      s_.out.launch = launch::send_not_done{attempt_, true, said, std::nullopt};
      break;
    case meaning::conflict:
      s_.out.launch = launch::conflict{attempt_, said};
      break;
    case meaning::ambiguous:
      s_.out.launch = launch::send_ambiguous{attempt_, said};
      break;
    }
  }

  void confirm() {
    evaluator e{s_.known};
    const auto made = e.eval(p_.id);
    auto id = made ? id_text(*made) : std::string{};
    if (id.empty()) {
      s_.out.launch = launch::send_ambiguous{
        attempt_, "the target accepted it, but its answer does not name what was started"};
      return;
    }
    s_.known.external["id"] = id;
    launch::send_confirmed c{attempt_, std::move(id), json::object()};
    if (p_.details)
      if (auto details = evaluator{s_.known}.eval(*p_.details))
        c.details = std::move(*details);
    s_.known.external["details"] = c.details;
    note_ignored();
    s_.set_all(p_.set);
    s_.out.launch = std::move(c);
  }

  // Fields the target dropped and nobody allowed: it was started, but not as asked.
  void note_ignored() {
    if (!p_.ignored)
      return;
    evaluator e{s_.known};
    const auto fields = e.eval(*p_.ignored);
    const auto allowed = p_.ignored_allowed ? e.eval(*p_.ignored_allowed) : std::nullopt;
    if (!fields || !fields->is_structured())
      return;
    auto dropped = json::array();
    for (const auto& [key, item] : fields->items()) {
      const json name = fields->is_object() ? json(key) : item;
      const bool fine = allowed && allowed->is_array()
                        && std::find(allowed->begin(), allowed->end(), name) != allowed->end();
      if (!fine && !(item.is_structured() && item.empty()))
        dropped.push_back(name);
    }
    if (dropped.empty())
      return;
    s_.set(attr_ignored, dropped);
    auto text = s_.sentence(p_.ignored_say);
    s_.say(log_level::error,
           text.empty() ? "the target dropped fields it was given: " + canonical(dropped) : text);
  }

  session s_;
  const send_section& p_;
  std::uint32_t attempt_;
  walk_steps walk_;
  const step_spec* sent_ = nullptr;
  bool over_ = false;
};

} // namespace

talk_ptr make_send_talk(std::shared_ptr<const document> d, const outside::occasion& o) {
  return std::make_unique<send_talk>(std::move(d), o);
}

} // namespace o3::declarative
