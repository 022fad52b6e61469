#include "tests/harness/faulty_store.hpp"

namespace o3::harness {
namespace {

class faulty_journal final : public store::journal {
public:
  faulty_journal(std::unique_ptr<store::journal> inner, std::shared_ptr<fault_state> faults)
      : inner_(std::move(inner)), faults_(std::move(faults)) {}

  std::vector<store::outcome> append(std::span<const store::append_entry> entries) override {
    auto& f = *faults_;
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
  std::uint64_t claim(std::string_view owner, std::uint64_t at_least) override {
    return inner_->claim(owner, at_least);
  }
  std::vector<id> prune(const store::retention& r, wall_time now, std::size_t rows_max) override {
    return faults_->dead ? std::vector<id>{} : inner_->prune(r, now, rows_max);
  }
  void set_meta(std::string_view key, std::string_view value) override {
    inner_->set_meta(key, value);
  }

private:
  std::vector<store::outcome> commit(std::span<const store::append_entry> entries) {
    if (entries.empty())
      return {};
    auto out = inner_->append(entries);
    for (auto o : out)
      faults_->rows += o == store::outcome::ok ? 1 : 0;
    return out;
  }

  std::unique_ptr<store::journal> inner_;
  std::shared_ptr<fault_state> faults_;
};

class faulty_backend final : public store::backend {
public:
  faulty_backend(std::shared_ptr<store::backend> inner, std::shared_ptr<fault_state> faults)
      : inner_(std::move(inner)), faults_(std::move(faults)) {}
  std::unique_ptr<store::journal> make_journal() override {
    return std::make_unique<faulty_journal>(inner_->make_journal(), faults_);
  }
  std::unique_ptr<store::reader> make_reader() override { return inner_->make_reader(); }
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
