#include "tests/contract/store/backends.hpp"

#include "runtime/sqlite/sqlite_store.hpp"
#include "runtime/store/memory.hpp"
#include "tests/contract/store/temp_dir.hpp"

namespace o3::test {

namespace {

class memory_installation final : public installation {
public:
  store::backend& open() override { return *backend_; }
  std::shared_ptr<store::log_backend> open_logs(const store::log_options& o) override {
    return store::make_memory_logs(o);
  }

private:
  std::shared_ptr<store::backend> backend_ = store::make_memory_backend();
};

class sqlite_installation final : public installation {
public:
  store::backend& open() override {
    backend_.reset(); // gives the lock back
    store::sqlite_options o;
    o.dir = dir_.path() / "data";
    o.cache_kib = 1024;
    o.wal_limit_bytes = 128 << 10;
    auto r = store::open_sqlite(std::move(o));
    if (!r)
      throw std::runtime_error{r.error().message};
    backend_ = *std::move(r);
    return *backend_;
  }
  std::shared_ptr<store::log_backend> open_logs(const store::log_options& o) override {
    auto r = store::open_sqlite_logs(dir_.path() / "logs", o);
    if (!r)
      throw std::runtime_error{r.error().message};
    return *std::move(r);
  }

private:
  temp_dir dir_{medium::memory};
  std::shared_ptr<store::backend> backend_;
};

} // namespace

const std::vector<backend_kind>& backend_kinds() {
  static const std::vector<backend_kind> kinds{
    {"memory", [] { return std::make_unique<memory_installation>(); }},
    {"sqlite", [] { return std::make_unique<sqlite_installation>(); }},
  };
  return kinds;
}

id make_id(std::uint64_t n) {
  id out;
  for (std::size_t i = 0; i < 6; ++i)
    out.bytes.at(i) = static_cast<std::uint8_t>(n >> (8 * (5 - i)));
  out.bytes[6] = 0x70;
  out.bytes[8] = 0x80;
  out.bytes[15] = static_cast<std::uint8_t>(n * 37);
  return out;
}

store::append_entry first_entry(std::uint64_t n, std::uint64_t epoch) {
  store::append_entry e = next_entry(n, epoch, 1);
  store::summary s;
  s.workflow = e.workflow;
  s.trace_id = e.workflow.hex();
  s.template_ref = "three_noops";
  s.name = "workflow " + std::to_string(n);
  s.created_at = e.at;
  s.wake_at = from_ms(0);
  e.insert = std::move(s);
  return e;
}

store::append_entry next_entry(std::uint64_t n, std::uint64_t epoch, std::uint64_t seq) {
  store::append_entry e;
  e.workflow = make_id(n);
  e.epoch = epoch;
  e.seq = seq;
  e.at = from_ms(static_cast<std::int64_t>(n));
  e.records = R"([{"kind":)" + std::to_string(seq) + "}]";
  return e;
}

store::append_entry ending_entry(std::uint64_t n, std::uint64_t epoch, std::uint64_t seq,
                                 wall_time at) {
  auto e = next_entry(n, epoch, seq);
  e.update = store::summary_update{workflow_state::successful, e.at, at, std::nullopt, ""};
  return e;
}

store::outcome append_one(store::journal& j, const store::append_entry& e) {
  return j.append({&e, 1}).at(0);
}

std::string shown(const store::summary& s) {
  const auto time = [](const std::optional<wall_time>& t) {
    return t ? std::to_string(to_ms(*t)) : std::string{"-"};
  };
  std::string out = s.workflow.hex();
  for (const auto& text : {s.project,
                           s.principal,
                           s.ref,
                           s.trace_id,
                           s.idempotency_key,
                           to_hex(s.body_hash),
                           s.template_ref,
                           to_hex(s.plan_hash),
                           s.name,
                           std::to_string(s.revision),
                           std::to_string(static_cast<int>(s.state)),
                           time(s.created_at),
                           time(s.started_at),
                           time(s.ended_at),
                           time(s.wake_at),
                           s.error,
                           s.root ? s.root->hex() : "-",
                           s.parent ? s.parent->hex() : "-",
                           std::to_string(s.checkpoint_seq),
                           labels_text(s.labels)})
    out += "|" + text;
  return out;
}

std::string shown(const store::journal_row& r) {
  return std::to_string(r.pos) + "|" + r.workflow.hex() + "|" + std::to_string(r.seq) + "|"
         + std::to_string(r.epoch) + "|" + std::to_string(to_ms(r.at)) + "|" + r.records;
}

void opened::reopen() {
  journal.reset();
  reader.reset();
  backend = &at->open();
  journal = backend->make_journal();
  reader = backend->make_reader();
  epoch = journal->claim("test", 1);
}

} // namespace o3::test
