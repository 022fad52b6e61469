#include "tests/harness/faulty_store.hpp"

namespace o3::harness {
namespace {

class faulty_journal final : public store::journal {
public:
  faulty_journal(std::unique_ptr<store::journal> inner, std::shared_ptr<fault_state> faults)
      : inner_(std::move(inner)), faults_(std::move(faults)) {}

  std::vector<store::outcome> append(std::span<const store::append_entry> entries) override {
    return write(entries, [this](auto some) { return inner_->append(some); });
  }
  std::vector<store::outcome> put_documents(std::span<const store::document_put> entries) override {
    return write(entries, [this](auto some) { return inner_->put_documents(some); });
  }
  std::uint64_t claim(std::string_view owner, std::uint64_t at_least) override {
    return inner_->claim(owner, at_least);
  }
  std::vector<id> prune(const store::retention& r, wall_time now, std::size_t rows_max) override {
    return faults_->dead ? std::vector<id>{} : inner_->prune(r, now, rows_max);
  }
  void begin_blob_sweep() override { inner_->begin_blob_sweep(); }
  std::size_t drop_blobs(std::span<const sha256_hash> unused) override {
    return faults_->dead ? 0 : inner_->drop_blobs(unused);
  }
  void set_meta(std::string_view key, std::string_view value) override {
    inner_->set_meta(key, value);
  }

private:
  /// A batch of any kind: journal rows and documents are counted alike.
  template <class Entry, class Commit>
  std::vector<store::outcome> write(std::span<const Entry> entries, Commit inner) {
    auto& f = *faults_;
    const auto commit = [&](std::span<const Entry> some) {
      if (some.empty())
        return std::vector<store::outcome>{};
      auto out = inner(some);
      for (auto o : out)
        f.rows += o == store::outcome::ok ? 1 : 0;
      return out;
    };
    if (f.dead)
      throw store::storage_failure(fault::internal, "killed by the test");
    ++f.batches;
    if (f.plan.fail_batch == f.batches) {
      f.dead = true;
      throw store::storage_failure(fault::storage_failed, "injected: the write failed");
    }
    if (f.plan.unknown_batch == f.batches) {
      if (f.plan.unknown_written)
        commit(entries);
      return std::vector<store::outcome>(entries.size(), store::outcome::unknown);
    }
    if (f.plan.crash_after_row && f.rows + entries.size() >= *f.plan.crash_after_row) {
      // The batch is cut: what a crash in the middle of a run of transactions leaves behind.
      auto left = *f.plan.crash_after_row - std::min(f.rows, *f.plan.crash_after_row);
      commit(entries.subspan(0, std::min<std::size_t>(left, entries.size())));
      f.dead = true;
      throw store::storage_failure(fault::internal,
                                   "killed by the test after row " + std::to_string(f.rows));
    }
    return commit(entries);
  }

  std::unique_ptr<store::journal> inner_;
  std::shared_ptr<fault_state> faults_;
};

class faulty_reader final : public store::reader {
public:
  faulty_reader(std::unique_ptr<store::reader> inner, std::shared_ptr<fault_state> faults)
      : inner_(std::move(inner)), faults_(std::move(faults)) {}

  std::optional<store::summary> find(const id& w) override { return in().find(w); }
  std::optional<store::summary> find_key(std::string_view project, std::string_view principal,
                                         std::string_view key) override {
    return in().find_key(project, principal, key);
  }
  std::optional<store::kept_key> find_kept_key(std::string_view project, std::string_view principal,
                                               std::string_view key) override {
    return in().find_kept_key(project, principal, key);
  }
  std::vector<store::journal_row> rows(const id& w, std::uint64_t from, std::size_t max) override {
    return in().rows(w, from, max);
  }
  std::vector<store::journal_row> rows_after(std::uint64_t after, std::size_t max) override {
    return in().rows_after(after, max);
  }
  std::uint64_t last_pos() override { return in().last_pos(); }
  std::uint64_t last_epoch() override { return in().last_epoch(); }
  store::list_page list(const store::list_filter& f, const std::optional<id>& before,
                        std::size_t max) override {
    return in().list(f, before, max);
  }
  std::optional<store::ended_row> ended_beyond(std::uint64_t count) override {
    return in().ended_beyond(count);
  }
  std::vector<std::pair<id, sha256_hash>> plans_after(const id& after, std::size_t max) override {
    return in().plans_after(after, max);
  }
  std::vector<sha256_hash> plan_blobs_after(const sha256_hash& after, std::size_t max) override {
    return in().plan_blobs_after(after, max);
  }
  std::vector<store::due_row> due(wall_time until, const std::optional<store::due_row>& after,
                                  std::size_t max) override {
    return in().due(until, after, max);
  }
  std::optional<std::string> find_blob(const sha256_hash& hash) override {
    return in().find_blob(hash);
  }
  std::optional<std::string> meta(std::string_view key) override { return in().meta(key); }
  std::optional<store::document> find_document(std::string_view kind, std::string_view project,
                                               std::string_view key) override {
    return in().find_document(kind, project, key);
  }
  std::vector<store::document> documents(std::string_view kind,
                                         const std::optional<std::string>& project,
                                         const store::document_place& after,
                                         std::size_t max) override {
    return in().documents(kind, project, after, max);
  }
  std::uint64_t count_family(const id& root, std::uint64_t most) override {
    return in().count_family(root, most);
  }
  std::vector<std::pair<workflow_state, std::uint64_t>> count_states() override {
    return in().count_states();
  }

private:
  store::reader& in() {
    if (const auto code = faults_->plan.reads_fail; code != fault::none)
      throw store::storage_failure(code, "injected: the read failed");
    return *inner_;
  }

  std::unique_ptr<store::reader> inner_;
  std::shared_ptr<fault_state> faults_;
};

class faulty_backend final : public store::backend {
public:
  faulty_backend(std::shared_ptr<store::backend> inner, std::shared_ptr<fault_state> faults)
      : inner_(std::move(inner)), faults_(std::move(faults)) {}
  std::unique_ptr<store::journal> make_journal() override {
    return std::make_unique<faulty_journal>(inner_->make_journal(), faults_);
  }
  std::unique_ptr<store::reader> make_reader() override {
    return std::make_unique<faulty_reader>(inner_->make_reader(), faults_);
  }
  void checkpoint() override {
    if (!faults_->dead)
      inner_->checkpoint();
  }
  [[nodiscard]] std::string describe() const override { return inner_->describe(); }

private:
  std::shared_ptr<store::backend> inner_;
  std::shared_ptr<fault_state> faults_;
};

} // namespace

std::shared_ptr<store::backend> make_faulty_backend(std::shared_ptr<store::backend> inner,
                                                    std::shared_ptr<fault_state> faults) {
  return std::make_shared<faulty_backend>(std::move(inner), std::move(faults));
}

} // namespace o3::harness
