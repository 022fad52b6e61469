#include "runtime/store/memory.hpp"
#include "tests/contract/store/backends.hpp"
#include "tests/harness/catch.hpp"

using namespace o3;
using namespace o3::store;
using namespace o3::test;

namespace {

struct told {
  batch_fate fate = batch_fate::commit;
  std::shared_ptr<backend> store = make_memory_backend([this](auto) { return fate; });
  std::unique_ptr<journal> j = store->make_journal();
  std::unique_ptr<reader> r = store->make_reader();
  std::uint64_t epoch = j->claim("a", 1);
};

} // namespace

TEST_CASE("a batch told to fail throws and leaves nothing") {
  told t;
  t.fate = batch_fate::fail;
  try {
    append_one(*t.j, first_entry(1, t.epoch));
    FAIL("no exception");
  } catch (const storage_failure& e) {
    CHECK(e.code == fault::storage_failed);
  }
  CHECK(t.r->last_pos() == 0);
  t.fate = batch_fate::commit; // the "restarted" node has the same disk
  CHECK(append_one(*t.store->make_journal(), first_entry(1, t.epoch)) == outcome::ok);
}

TEST_CASE("a batch of unknown fate answers unknown for every entry, written or lost as told") {
  told t;
  const std::vector<append_entry> batch{first_entry(1, t.epoch), first_entry(1, t.epoch),
                                        first_entry(2, 99)};
  const std::vector<outcome> all_unknown(3, outcome::unknown);
  t.fate = batch_fate::unknown_lost;
  CHECK(t.j->append(batch) == all_unknown);
  CHECK(t.r->last_pos() == 0);
  t.fate = batch_fate::unknown_written;
  CHECK(t.j->append(batch) == all_unknown);
  CHECK(t.r->rows_after(0, 10).size() == 1);
  CHECK_FALSE(t.r->find(make_id(2)));
}

TEST_CASE("the hook sees each batch as it is asked for, and an empty one is no batch") {
  std::vector<std::size_t> sizes;
  const auto b = make_memory_backend([&](auto entries) {
    sizes.push_back(entries.size());
    return batch_fate::commit;
  });
  const auto j = b->make_journal();
  const auto epoch = j->claim("a", 1);
  j->append({});
  append_one(*j, first_entry(1, epoch));
  CHECK(sizes == std::vector<std::size_t>{1});
}

TEST_CASE("a journal of an earlier life is fenced by the one that claimed after it") {
  const auto b = make_memory_backend();
  const auto old = b->make_journal();
  const auto old_epoch = old->claim("a", 1);
  const auto now = b->make_journal();
  const auto epoch = now->claim("b", 1);
  CHECK(append_one(*old, first_entry(1, old_epoch)) == outcome::fenced);
  CHECK(append_one(*now, first_entry(1, epoch)) == outcome::ok);
}
