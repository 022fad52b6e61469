// search: all pages of the lists in which ours would be, newest first, until below everything that
// can be ours.
#include "tasks/declarative/session.hpp"

#include "runtime/base/text.hpp"
#include "runtime/launch/marker.hpp"
#include "tasks/declarative/url.hpp"

#include <algorithm>
#include <set>

namespace o3::declarative {
namespace {

class search_talk final : public outside::talk {
public:
  search_talk(std::shared_ptr<const document> d, const outside::occasion& o)
      : s_(std::move(d), o), p_(*s_.doc->search), attempt_(o.attempt),
        walk_(s_, p_.steps, walk_steps::taking::watching) {
    if (o.witness)
      witness_ = o.witness->newest;
    mine_ = launch::parse_marker(std::string{o.key} + "-1");
  }

  std::optional<outside::request> next() override {
    if (over_)
      return std::nullopt;
    if (auto q = walk_.next())
      return q;
    if (walk_.stopped())
      return fail(walk_.stopped()->message);
    steps_done_ = true;
    if (auto q = next_page())
      return q;
    if (over_ || !problem_.empty())
      return std::nullopt;
    return look_for_witness();
  }

  void hear(outside::answer a) override {
    if (!any_)
      result_.started = a.started;
    any_ = true;
    if (!steps_done_)
      walk_.hear(a);
    else if (looking_)
      hear_witness(a);
    else
      hear_page(a);
  }

  outside::conclusion conclude() override {
    if (!problem_.empty() && result_.hits.empty()) {
      s_.out.launch = launch::search_failed{problem_};
      s_.out.trouble = problem_;
      return std::move(s_.out);
    }
    evaluator e{s_.known};
    const auto identity = p_.identity ? e.eval(*p_.identity) : std::nullopt;
    result_.identity = identity ? id_text(*identity) : "";
    if (p_.newest)
      if (const auto newest = e.eval(*p_.newest))
        result_.newest = id_text(*newest);
    if (undecided_)
      result_.seen = launch::witness_seen::gone;
    result_.complete = problem_.empty();
    s_.out.launch = std::move(result_);
    return std::move(s_.out);
  }

private:
  std::optional<outside::request> fail(std::string what) {
    if (problem_.empty())
      problem_ = std::move(what);
    over_ = true;
    return std::nullopt;
  }

  std::optional<outside::request> next_page() {
    while (list_ < p_.lists.size()) {
      const auto& l = p_.lists[list_];
      evaluator e{s_.known};
      if (pages_ == 0 && l.when && !e.holds(*l.when)) {
        ++list_;
        continue;
      }
      if (pages_ > 0 && link_.empty()) {
        end_of_list();
        continue;
      }
      if (pages_ >= l.pages_max)
        return fail("the listing has more than " + std::to_string(l.pages_max) + " pages");
      auto q = pages_ == 0 ? s_.build(l.page) : s_.build_link(l.page, link_);
      if (!q)
        return fail(q.error().message);
      url_ = q->url;
      ++pages_;
      return *std::move(q);
    }
    return std::nullopt;
  }

  void end_of_list() {
    const auto& l = p_.lists[list_];
    if (l.only_one && hits_here_.size() > 1) {
      // None can be told from the others: nothing is proven, one way or the other.
      undecided_ = true;
      s_.say(log_level::warning, std::to_string(hits_here_.size())
                                   + " candidates, the first of them " + hits_here_.front().id
                                   + ": none can be told to be ours");
    } else {
      result_.hits.insert(result_.hits.end(), hits_here_.begin(), hits_here_.end());
    }
    hits_here_.clear();
    ids_.clear();
    pages_ = 0;
    link_.clear();
    ++list_;
  }

  void hear_page(const outside::answer& a) {
    const auto& l = p_.lists[list_];
    link_.clear();
    auto& r = s_.known.replies[l.page.name] = to_reply(a);
    evaluator e{s_.known};
    const auto items = r.is_json && in_ranges(l.page.ok, a.status) ? e.eval(l.items) : std::nullopt;
    if (!items || !items->is_array()) {
      // Behind the last page, because rows went away meanwhile: the end.
      if (pages_ > 1 && in_ranges(l.page.absent, a.status))
        return;
      hits_so_far();
      fail(in_ranges(l.page.ok, a.status) ? "a listing was no list" : readable(a));
      return;
    }
    bool below = false;
    for (const auto& item : *items)
      below = take(l, item) || below;
    if (below)
      return; // older than anything that can be ours
    const auto next = l.next ? e.eval(*l.next) : std::nullopt;
    if (!next || is_empty(*next))
      return;
    const auto link = next->is_string() ? follow_link(url_, next->get_ref<const std::string&>())
                                        : numbered_page(*next);
    if (link)
      link_ = *link;
    else
      fail("the listing's next page is at another address than the listing");
  }

  // Hits of a list that broke off still are hits.
  void hits_so_far() {
    if (!p_.lists[list_].only_one)
      result_.hits.insert(result_.hits.end(), hits_here_.begin(), hits_here_.end());
  }

  // APIs that name the next page by its number take it in the query as `page[number]`.
  std::optional<std::string> numbered_page(const json& next) const {
    if (!next.is_number_integer())
      return std::nullopt;
    static constexpr std::string_view name = "page%5Bnumber%5D=";
    const auto number = next.dump();
    if (const auto at = url_.find(name); at != std::string::npos) {
      const auto from = at + name.size();
      const auto end = std::min(url_.find('&', from), url_.size());
      return url_.substr(0, from) + number + url_.substr(end);
    }
    return url_ + (url_.find('?') == std::string::npos ? "?" : "&") + std::string{name} + number;
  }

  /// True: this item is older than anything that can be ours.
  bool take(const list_section& l, const json& item) {
    evaluator e{s_.known};
    e.stand_at(&item);
    const auto made = e.eval(l.id);
    const auto id = made ? id_text(*made) : std::string{};
    if (id.empty() || !ids_.insert(id).second)
      return false;
    if (l.shows_newest) {
      const auto a = number_of(json(id));
      const auto b = number_of(json(result_.newest));
      if (result_.newest.empty() || (a && b && *a > *b))
        result_.newest = id;
      if (id == witness_)
        result_.seen = launch::witness_seen::shown;
    }
    if (const auto attempt = is_ours(l, e)) {
      const auto kind = l.kind ? e.text(*l.kind) : "manual";
      if (kind == "manual" || kind == "relaunch")
        hits_here_.push_back(
          {id, *attempt,
           kind == "manual" ? launch::launch_kind::manual : launch::launch_kind::relaunch});
    }
    if (!l.until)
      return false;
    const auto until = e.eval(*l.until);
    const auto bound = until ? number_of(*until) : std::nullopt;
    const auto number = number_of(json(id));
    // Only numbers tell older from newer; other ids say it by their place in the listing.
    return bound && number ? *number <= *bound : until && id_text(*until) == id;
  }

  /// Which attempt's it is.
  std::optional<std::uint32_t> is_ours(const list_section& l, evaluator& e) {
    if (l.ours && !e.holds(*l.ours))
      return std::nullopt;
    if (l.marked.empty())
      return attempt_;
    if (!mine_)
      return std::nullopt;
    for (const auto& v : l.marked)
      if (const auto m = launch::find_marker(e.text(v), mine_->install8, mine_->launch_id))
        return m->attempt;
    return std::nullopt;
  }

  std::optional<outside::request> look_for_witness() {
    if (looking_ || !p_.witness || witness_.empty() || result_.seen != launch::witness_seen::unknown
        || !result_.hits.empty())
      return std::nullopt;
    auto q = s_.build(*p_.witness);
    if (!q)
      return fail(q.error().message);
    looking_ = true;
    return *std::move(q);
  }

  void hear_witness(const outside::answer& a) {
    over_ = true;
    const auto& r = s_.known.replies[p_.witness->name] = to_reply(a);
    if (!in_ranges(p_.witness->ok, r.status) && !in_ranges(p_.witness->absent, r.status)) {
      fail(readable(a));
      return;
    }
    evaluator e{s_.known};
    result_.seen = in_ranges(p_.witness->ok, r.status) && e.holds(*p_.witness_shown)
                     ? launch::witness_seen::shown
                     : launch::witness_seen::gone;
  }

  session s_;
  const search_section& p_;
  std::uint32_t attempt_;
  walk_steps walk_;
  std::string witness_;
  std::optional<launch::marker> mine_;
  launch::search_result result_;
  std::vector<launch::hit> hits_here_;
  std::set<std::string> ids_; ///< seen in this listing: pages shift while they are read
  std::size_t list_ = 0;
  unsigned pages_ = 0;
  std::string link_, url_, problem_;
  bool any_ = false, steps_done_ = false, looking_ = false, over_ = false;
  bool undecided_ = false;
};

} // namespace

talk_ptr make_search_talk(std::shared_ptr<const document> d, const outside::occasion& o) {
  return std::make_unique<search_talk>(std::move(d), o);
}

} // namespace o3::declarative
