// The stores that must keep the contract, and small helpers to write entries.
// A new store adds one row in backends.cpp; every test case then runs against it.
// Threads: one test at a time.
#pragma once
#include "runtime/store/journal.hpp"
#include "runtime/store/log_store.hpp"

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace o3::test {

/// One installation: open it, close it, open it again.
class installation {
public:
  virtual ~installation() = default;
  virtual store::backend& open() = 0; ///< closes a previous one; all its readers must be gone
  virtual std::shared_ptr<store::log_backend> open_logs(const store::log_options& o) = 0;
};

struct backend_kind {
  std::string name;
  std::function<std::unique_ptr<installation>()> make;
};
const std::vector<backend_kind>& backend_kinds();

/// A UUIDv7-like id: `n` is its time in milliseconds, so greater n are newer.
id make_id(std::uint64_t n);
store::append_entry first_entry(std::uint64_t n, std::uint64_t epoch);
store::append_entry next_entry(std::uint64_t n, std::uint64_t epoch, std::uint64_t seq);
store::append_entry ending_entry(std::uint64_t n, std::uint64_t epoch, std::uint64_t seq,
                                 wall_time at);
store::outcome append_one(store::journal& j, const store::append_entry& e);
/// All fields, for comparisons that name what differs.
std::string shown(const store::summary& s);
std::string shown(const store::journal_row& r);

/// A store with a journal that has claimed epoch 1 (or later) and a reader.
struct opened {
  explicit opened(const backend_kind& kind) : at(kind.make()) { reopen(); }
  void reopen();
  std::unique_ptr<installation> at;
  store::backend* backend = nullptr;
  std::unique_ptr<store::journal> journal;
  std::unique_ptr<store::reader> reader;
  std::uint64_t epoch = 0;
};

} // namespace o3::test

/// Runs what follows once for every store, which is called `kind` there:
/// `O3_EACH_STORE { opened s{kind}; … }`.
#define O3_EACH_STORE                                                                              \
  for (const auto& kind : o3::test::backend_kinds())                                               \
  DYNAMIC_SECTION(kind.name)
