#include "runtime/store/memory_data.hpp"

#include <algorithm>
#include <iterator>
#include <mutex>

namespace o3::store::memory {

namespace {

class memory_journal final : public journal {
public:
  explicit memory_journal(std::shared_ptr<memory_data> d) : d_(std::move(d)) {}

  std::vector<outcome> append(std::span<const append_entry> entries) override {
    if (entries.empty())
      return {};
    const auto fate = d_->hook ? d_->hook(entries) : batch_fate::commit;
    if (fate == batch_fate::fail)
      throw storage_failure{fault::storage_failed, "The memory store was told to fail this batch."};
    std::vector<outcome> out(entries.size(), outcome::unknown);
    if (fate == batch_fate::unknown_lost)
      return out;
    const std::unique_lock lock{d_->mutex};
    for (std::size_t i = 0; i < entries.size(); ++i)
      if (const auto o = append_one(entries[i]); fate == batch_fate::commit)
        out[i] = o;
    return out;
  }

  std::vector<outcome> put_documents(std::span<const document_put> entries) override {
    const std::unique_lock lock{d_->mutex};
    std::vector<outcome> out;
    for (const auto& e : entries)
      out.push_back(put_document(e));
    return out;
  }

  std::uint64_t claim(std::string_view /*owner*/, std::uint64_t at_least) override {
    const std::unique_lock lock{d_->mutex};
    return d_->epoch = std::max(d_->epoch + 1, at_least);
  }

  std::vector<id> prune(const retention& r, wall_time now, std::size_t rows_max) override;

  void begin_blob_sweep() override {
    const std::unique_lock lock{d_->mutex};
    d_->plans.begin();
  }

  std::size_t drop_blobs(std::span<const sha256_hash> unused) override {
    const std::unique_lock lock{d_->mutex};
    std::size_t n = 0;
    for (const auto& hash : unused) {
      const auto b = d_->blobs.find(hash);
      if (b == d_->blobs.end() || b->second.kind != "plan" || d_->plans.in_use(hash))
        continue;
      d_->blobs.erase(b);
      d_->plans.dropped(hash);
      ++n;
    }
    return n;
  }

  void set_meta(std::string_view key, std::string_view value) override {
    const std::unique_lock lock{d_->mutex};
    d_->meta.insert_or_assign(std::string{key}, std::string{value});
  }

private:
  outcome append_one(const append_entry& e);
  outcome put_document(const document_put& e);
  bool accept_first(const append_entry& e);
  void apply_update(summary& s, const summary_update& u);
  void index(const summary& s, bool present);
  std::optional<id> next_to_prune(const retention& r, wall_time now);
  void hide(workflow_data& w, wall_time key_until);
  std::size_t remove_rows(workflow_data& w, std::size_t rows_max);

  std::shared_ptr<memory_data> d_;
};

void memory_journal::index(const summary& s, bool present) {
  const auto put = [&](auto& set, const std::optional<wall_time>& at) {
    if (!at)
      return;
    if (present)
      set.emplace(*at, s.workflow);
    else
      set.erase({*at, s.workflow});
  };
  put(d_->wakes, s.wake_at);
  put(d_->ended, s.ended_at);
}

bool memory_journal::accept_first(const append_entry& e) {
  if (!e.insert || e.insert->workflow != e.workflow || d_->workflows.contains(e.workflow)
      || d_->plans.lacks_plan(e))
    return false;
  const auto& s = *e.insert;
  if (!s.idempotency_key.empty()) {
    const auto key = key_of(s);
    if (d_->kept_keys.contains(key) || !d_->keys.emplace(key, s.workflow).second)
      return false;
  }
  d_->workflows[e.workflow].summary = s;
  index(s, true);
  d_->plans.accepted(e);
  return true;
}

void memory_journal::apply_update(summary& s, const summary_update& u) {
  index(s, false);
  s.state = u.state;
  s.started_at = u.started_at;
  s.ended_at = u.ended_at;
  s.wake_at = u.wake_at;
  s.error = u.error;
  if (u.checkpoint_seq != 0)
    s.checkpoint_seq = u.checkpoint_seq;
  index(s, true);
}

outcome memory_journal::append_one(const append_entry& e) {
  if (e.epoch != d_->epoch)
    return outcome::fenced;
  if (e.seq == 1) {
    if (!accept_first(e))
      return outcome::conflict;
  } else {
    const auto w = d_->workflows.find(e.workflow);
    if (e.seq == 0 || e.insert || w == d_->workflows.end() || !w->second.rows.contains(e.seq - 1)
        || w->second.rows.contains(e.seq))
      return outcome::conflict;
  }
  auto& w = d_->workflows[e.workflow];
  const auto pos = ++d_->last_pos;
  w.rows.emplace(e.seq, pos);
  d_->journal.emplace(pos, journal_row{pos, e.workflow, e.seq, e.epoch, e.at, e.records});
  if (e.update)
    apply_update(w.summary, *e.update);
  for (const auto& b : e.blobs)
    d_->blobs.try_emplace(b.hash, b);
  return outcome::ok;
}

outcome memory_journal::put_document(const document_put& e) {
  if (e.epoch != d_->epoch)
    return outcome::fenced;
  const document_name name{e.kind, e.project, e.key};
  const auto at = d_->documents.find(name);
  const auto version = at == d_->documents.end() ? 0 : at->second.version;
  if (e.key.empty() || version != e.expected_version || (version == 0 && !e.body))
    return outcome::conflict;
  if (e.body)
    d_->documents.insert_or_assign(name,
                                   document{e.kind, e.project, e.key, version + 1, *e.body, e.at});
  else
    d_->documents.erase(at);
  return outcome::ok;
}

std::optional<id> memory_journal::next_to_prune(const retention& r, wall_time now) {
  if (d_->going)
    return d_->going;
  for (const auto& entry : d_->ended) {
    if (!is_terminal(d_->workflows[entry.second].summary.state))
      continue;
    const bool goes = (r.keep_age && entry.first < now - *r.keep_age)
                      || (r.up_to && ended_row{entry.first, entry.second} <= *r.up_to);
    return goes ? std::optional{entry.second} : std::nullopt;
  }
  return std::nullopt;
}

void memory_journal::hide(workflow_data& w, wall_time key_until) {
  auto& s = w.summary;
  if (!s.idempotency_key.empty()) {
    d_->keys.erase(key_of(s));
    d_->kept_keys.insert_or_assign(key_of(s), kept{{s.workflow, s.body_hash}, key_until});
  }
  index(s, false);
  w.going = true;
  d_->going = s.workflow;
}

std::size_t memory_journal::remove_rows(workflow_data& w, std::size_t rows_max) {
  std::size_t removed = 0;
  for (; removed < rows_max && !w.rows.empty(); ++removed) {
    const auto newest = std::prev(w.rows.end());
    d_->journal.erase(newest->second);
    w.rows.erase(newest);
  }
  return removed;
}

std::vector<id> memory_journal::prune(const retention& r, wall_time now, std::size_t rows_max) {
  const std::unique_lock lock{d_->mutex};
  std::vector<id> gone;
  if (rows_max == 0)
    return gone;
  std::erase_if(d_->kept_keys, [&](const auto& k) { return k.second.until <= now; });
  while (rows_max > 0) {
    const auto next = next_to_prune(r, now);
    if (!next)
      break;
    auto& w = d_->workflows[*next];
    if (!w.going)
      hide(w, now + r.idempotency_keep);
    rows_max -= remove_rows(w, rows_max);
    if (rows_max > 0) {
      d_->workflows.erase(*next);
      d_->going.reset();
      gone.push_back(*next);
    }
  }
  return gone;
}

} // namespace

std::unique_ptr<journal> make_journal(std::shared_ptr<memory_data> d) {
  return std::make_unique<memory_journal>(std::move(d));
}

} // namespace o3::store::memory
