#include "runtime/secrets/guard.hpp"

#include "runtime/base/crypto.hpp"
#include "runtime/template/secret_ref.hpp"

#include <algorithm>

namespace o3::secrets {
namespace {

using outside::topic;

bool carries(const outside::request& r, const std::vector<std::string>& forms) {
  const auto in = [&](std::string_view text) {
    return std::any_of(forms.begin(), forms.end(), [&](const std::string& form) {
      return text.find(form) != std::string_view::npos;
    });
  };
  return in(r.url) || in(r.secret) || in(r.body) || in(r.ca_file)
         || std::any_of(r.headers.begin(), r.headers.end(),
                        [&](const auto& h) { return in(h.first) || in(h.second); });
}

template <class Event>
void mask_event(Event& e, const masker& known) {
  if constexpr (requires { e.message; })
    e.message = known.masked(std::move(e.message));
  if constexpr (requires { e.details; })
    known.mask(e.details);
}

} // namespace

result<guard> guard::open(const json& inputs, std::shared_ptr<const credentials> store,
                          const asker& who) {
  return make(inputs, std::move(store), who, true);
}

result<guard> guard::rehearse(const json& inputs, std::shared_ptr<const credentials> store,
                              const asker& who) {
  return make(inputs, std::move(store), who, false);
}

result<guard> guard::make(const json& inputs, std::shared_ptr<const credentials> store,
                          const asker& who, bool for_real) {
  guard g;
  g.store_ = std::move(store);
  g.inputs_ = inputs;
  O3_TRY([[maybe_unused]] auto filled, g.fill(g.inputs_, who, for_real));
  return g;
}

result<done> guard::fill(json& value, const asker& who, bool for_real) {
  if (const auto* name = marked_secret(value)) {
    if (!store_)
      return make_error(fault::unavailable, "this node keeps no secrets");
    used u;
    if (for_real) {
      O3_TRY(auto h, store_->open(who.project, *name, who.template_ref));
      u = {std::move(h.about), std::move(h.value), {}};
    } else {
      auto about = store_->find(who.project, *name);
      if (!about)
        return make_error(fault::not_found, "there is no secret '" + *name + "'");
      u = {*std::move(about), secret{"o3" + to_hex(sha256(*name)).substr(0, 30)}, {}};
    }
    u.forms = forms_of(u.value.reveal());
    value = std::string{u.value.reveal()};
    used_.push_back(std::move(u));
    return done{};
  }
  if (value.is_structured())
    for (auto& item : value) {
      O3_TRY([[maybe_unused]] auto filled, fill(item, who, for_real));
    }
  return done{};
}

std::optional<error> guard::refuses(const outside::request& r) const {
  for (const auto& u : used_) {
    if (!u.forms.empty() && !carries(r, u.forms))
      continue;
    const auto origin = store_->origin_of(r.url);
    if (origin && u.about.may_go(*origin))
      continue;
    std::string may;
    for (const auto& o : u.about.origins)
      may += (may.empty() ? "" : ", ") + o;
    return make_error(
      fault::target_refused,
      "the secret '" + u.about.name + "' may not be sent to "
        + (origin ? *origin : std::string{"an address that is no URL"}),
      "", may.empty() ? "no origin is named for it: nobody gets it" : "it may go to " + may);
  }
  return std::nullopt;
}

void guard::teach(masker& m) const {
  for (const auto& u : used_)
    m.add(u.value.reveal());
}

void mask(outside::conclusion& c, const masker& known,
          const std::function<bool(const std::string& name)>& sealed) {
  if (known.empty())
    return;
  if (c.launch)
    std::visit([&](auto& e) { mask_event(e, known); }, *c.launch);
  if (c.set.is_object())
    for (auto& [name, value] : c.set.items())
      if (!sealed(name))
        known.mask(value);
  if (c.end)
    c.end->message = known.masked(std::move(c.end->message));
  c.waits_for = known.masked(std::move(c.waits_for));
  c.trouble = known.masked(std::move(c.trouble));
}

void mask_log(outside::conclusion& c, const masker& known, masker::stream& lines, bool last) {
  if (known.empty() && lines.held() == 0)
    return;
  std::vector<std::string> texts;
  auto level = log_level::info;
  for (auto& l : c.log) {
    texts.push_back(std::move(l.text));
    level = l.level;
  }
  auto levels = std::move(c.log);
  c.log.clear();
  const auto held = lines.held();
  auto told = lines.take(known, std::move(texts), last);
  for (std::size_t i = 0; i < told.size(); ++i)
    c.log.push_back({i < held                   ? log_level::info
                     : i - held < levels.size() ? levels[i - held].level
                                                : level,
                     std::move(told[i])});
}

outside::conclusion not_held(topic about, const error& why) {
  auto text = why.message + (why.hint.empty() ? "" : "; " + why.hint);
  const bool later = why.code == fault::secret_unreadable;
  outside::conclusion c;
  switch (about) {
  case topic::read:
    if (later)
      c.trouble = text;
    else
      c.end = task_end{task_state::failed, why.code, text};
    break;
  case topic::preflight:
    if (later)
      c.launch = launch::preflight_unavailable{0, text, {}};
    else
      c.launch = launch::preflight_refused{0, text};
    break;
  case topic::send:
    c.launch = launch::send_not_done{0, !later, text, {}};
    break;
  case topic::search:
    c.launch = launch::search_failed{text};
    break;
  default: // something runs there: whoever mends the secret finds it again
    c.trouble = text;
  }
  if (!c.trouble.empty())
    c.waits_for = "a secret: " + text;
  return c;
}

} // namespace o3::secrets
