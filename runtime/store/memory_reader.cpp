#include "runtime/store/memory_data.hpp"

#include <algorithm>
#include <iterator>
#include <mutex>

namespace o3::store::memory {

namespace {

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

/// ASCII letters of either case are equal, as in SQL's LIKE.
bool contains(std::string_view text, std::string_view part) {
  return std::search(text.begin(), text.end(), part.begin(), part.end(),
                     [](char a, char b) { return lower(a) == lower(b); })
           != text.end()
         || part.empty();
}

bool matches(const summary& s, const list_filter& f) {
  return (!f.project || s.project == *f.project)
         && (f.states.empty()
             || std::find(f.states.begin(), f.states.end(), s.state) != f.states.end())
         && (!f.template_ref || s.template_ref == *f.template_ref)
         && (!f.trace_id || s.trace_id == *f.trace_id) && (!f.ref || s.ref == *f.ref)
         && (!f.since || s.created_at >= *f.since)
         && (!f.q || contains(s.name, *f.q) || contains(s.ref, *f.q)
             || contains(s.template_ref, *f.q) || contains(s.error, *f.q)
             || contains(s.trace_id, *f.q));
}

class memory_reader final : public reader {
public:
  explicit memory_reader(std::shared_ptr<memory_data> d) : d_(std::move(d)) {}

  std::optional<summary> find(const id& workflow) override {
    const std::shared_lock lock{d_->mutex};
    const auto w = d_->workflows.find(workflow);
    return w == d_->workflows.end() || w->second.going ? std::nullopt
                                                       : std::optional{w->second.summary};
  }

  std::optional<summary> find_key(std::string_view project, std::string_view principal,
                                  std::string_view key) override {
    const std::shared_lock lock{d_->mutex};
    const auto k = d_->keys.find({std::string{project}, std::string{principal}, std::string{key}});
    return k == d_->keys.end() ? std::nullopt : std::optional{d_->workflows.at(k->second).summary};
  }

  std::optional<kept_key> find_kept_key(std::string_view project, std::string_view principal,
                                        std::string_view key) override {
    const std::shared_lock lock{d_->mutex};
    const auto k
      = d_->kept_keys.find({std::string{project}, std::string{principal}, std::string{key}});
    return k == d_->kept_keys.end() ? std::nullopt : std::optional{k->second.key};
  }

  std::vector<journal_row> rows(const id& workflow, std::uint64_t from, std::size_t max) override {
    const std::shared_lock lock{d_->mutex};
    std::vector<journal_row> out;
    const auto w = d_->workflows.find(workflow);
    if (w == d_->workflows.end())
      return out;
    const auto& rows = w->second.rows;
    for (auto row = rows.lower_bound(from); row != rows.end() && out.size() < max; ++row)
      out.push_back(d_->journal.at(row->second));
    return out;
  }

  std::vector<journal_row> rows_after(std::uint64_t after, std::size_t max) override {
    const std::shared_lock lock{d_->mutex};
    std::vector<journal_row> out;
    for (auto row = d_->journal.upper_bound(after); row != d_->journal.end() && out.size() < max;
         ++row)
      out.push_back(row->second);
    return out;
  }

  std::uint64_t last_epoch() override {
    const std::shared_lock lock{d_->mutex};
    return d_->epoch;
  }
  std::uint64_t last_pos() override {
    const std::shared_lock lock{d_->mutex};
    return d_->last_pos;
  }

  list_page list(const list_filter& f, const std::optional<id>& before, std::size_t max) override {
    const std::shared_lock lock{d_->mutex};
    list_page out;
    auto left = std::max<std::size_t>(f.scan_max, 1);
    auto w = before ? d_->workflows.lower_bound(*before) : d_->workflows.end();
    while (max != 0 && w != d_->workflows.begin()) {
      const auto above = w--;
      if (w->second.going)
        continue;
      const bool fits = matches(w->second.summary, f);
      if (left == 0 || (fits && out.items.size() == max)) {
        out.next = above->first;
        break;
      }
      --left;
      if (fits)
        out.items.push_back(w->second.summary);
    }
    return out;
  }

  std::optional<ended_row> ended_beyond(std::uint64_t count) override {
    const std::shared_lock lock{d_->mutex};
    if (count >= d_->ended.size())
      return std::nullopt;
    const auto& [at, workflow]
      = *std::next(d_->ended.begin(), static_cast<std::ptrdiff_t>(d_->ended.size() - count - 1));
    return ended_row{at, workflow};
  }

  std::vector<std::pair<id, sha256_hash>> plans_after(const id& after, std::size_t max) override {
    const std::shared_lock lock{d_->mutex};
    std::vector<std::pair<id, sha256_hash>> out;
    for (auto w = d_->workflows.upper_bound(after); w != d_->workflows.end() && out.size() < max;
         ++w)
      out.emplace_back(w->first, w->second.summary.plan_hash);
    return out;
  }

  std::vector<sha256_hash> plan_blobs_after(const sha256_hash& after, std::size_t max) override {
    const std::shared_lock lock{d_->mutex};
    std::vector<sha256_hash> out;
    for (auto b = d_->blobs.upper_bound(after); b != d_->blobs.end() && out.size() < max; ++b)
      if (b->second.kind == "plan")
        out.push_back(b->first);
    return out;
  }

  std::vector<due_row> due(wall_time until, const std::optional<due_row>& after,
                           std::size_t max) override {
    const std::shared_lock lock{d_->mutex};
    std::vector<due_row> out;
    auto w = after ? d_->wakes.upper_bound({after->wake_at, after->workflow}) : d_->wakes.begin();
    for (; w != d_->wakes.end() && w->first <= until && out.size() < max; ++w)
      out.push_back({w->second, w->first});
    return out;
  }

  std::optional<std::string> find_blob(const sha256_hash& hash) override {
    const std::shared_lock lock{d_->mutex};
    const auto b = d_->blobs.find(hash);
    return b == d_->blobs.end() ? std::nullopt : std::optional{b->second.body};
  }

  std::optional<std::string> meta(std::string_view key) override {
    const std::shared_lock lock{d_->mutex};
    const auto m = d_->meta.find(key);
    return m == d_->meta.end() ? std::nullopt : std::optional{m->second};
  }

  std::optional<document> find_document(std::string_view kind, std::string_view project,
                                        std::string_view key) override {
    const std::shared_lock lock{d_->mutex};
    const auto d = d_->documents.find({std::string{kind}, std::string{project}, std::string{key}});
    return d == d_->documents.end() ? std::nullopt : std::optional{d->second};
  }

  std::vector<document> documents(std::string_view kind, const std::optional<std::string>& project,
                                  const document_place& after, std::size_t max) override {
    const std::shared_lock lock{d_->mutex};
    std::vector<document> out;
    auto d
      = d_->documents.upper_bound({std::string{kind}, project.value_or(after.project), after.key});
    for (; d != d_->documents.end() && out.size() < max; ++d) {
      if (d->second.kind != kind || (project && d->second.project != *project))
        break;
      out.push_back(d->second);
    }
    return out;
  }

  std::uint64_t count_family(const id& root, std::uint64_t most) override {
    const std::shared_lock lock{d_->mutex};
    std::uint64_t n = 0;
    for (const auto& [workflow, w] : d_->workflows)
      n += w.summary.root == root && n < most ? 1 : 0;
    return n;
  }

  std::vector<std::pair<workflow_state, std::uint64_t>> count_states() override {
    const std::shared_lock lock{d_->mutex};
    std::map<workflow_state, std::uint64_t> counts;
    for (const auto& [workflow, w] : d_->workflows)
      if (!w.going)
        ++counts[w.summary.state];
    return {counts.begin(), counts.end()};
  }

private:
  std::shared_ptr<memory_data> d_;
};

} // namespace

std::unique_ptr<reader> make_reader(std::shared_ptr<memory_data> d) {
  return std::make_unique<memory_reader>(std::move(d));
}

} // namespace o3::store::memory
