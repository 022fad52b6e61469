#include "runtime/sqlite/prune.hpp"

#include <algorithm>
#include <limits>
#include <utility>

namespace o3::store::sqlite {

namespace {

class slice {
public:
  explicit slice(connection& c) : connection_(c) {}
  slice(const slice&) = delete;
  slice& operator=(const slice&) = delete;

  void expire_keys(wall_time now, std::int64_t rows_max) {
    statement expired{connection_,
                      "DELETE FROM kept_key WHERE (project,principal,key) IN "
                      "(SELECT project,principal,key FROM kept_key WHERE until<=?1 LIMIT ?2)"};
    expired.bind(now, rows_max).run();
  }

  std::optional<ended_row> oldest() {
    const run_scope scope{oldest_};
    return oldest_.step() ? std::optional{ended_row{oldest_.time_at(0), oldest_.id_at(1)}}
                          : std::nullopt;
  }

  std::optional<id> half_gone() {
    const run_scope scope{half_gone_};
    return half_gone_.step() ? std::optional{half_gone_.id_at(0)} : std::nullopt;
  }

  void hide(const id& workflow, wall_time key_until) {
    keep_key_.bind(workflow, key_until).run();
    hide_.bind(workflow).run();
  }

  std::int64_t remove_rows(const id& workflow, std::int64_t rows_max) {
    return remove_rows_.bind(workflow, rows_max).run();
  }

  void drop(const id& workflow) { drop_.bind(workflow).run(); }

private:
  connection& connection_;
  // Successful, failed and canceled only: a live workflow never goes, whatever its times say.
  statement oldest_{connection_, "SELECT ended_at, id FROM workflow WHERE ended_at IS NOT NULL "
                                 "AND +state IN (3,4,5) ORDER BY ended_at, id LIMIT 1"};
  statement half_gone_{connection_, "SELECT id FROM workflow WHERE state=-1 LIMIT 1"};
  statement keep_key_{
    connection_, "INSERT OR REPLACE INTO kept_key(project,principal,key,workflow,body_hash,until) "
                 "SELECT project,principal,idem_key,id,body_hash,?2 FROM workflow "
                 "WHERE id=?1 AND idem_key IS NOT NULL"};
  statement hide_{connection_, "UPDATE workflow SET state=-1, idem_key=NULL, trace_id=NULL, "
                               "ended_at=NULL, wake_at=NULL WHERE id=?1"};
  statement remove_rows_{connection_,
                         "DELETE FROM journal WHERE pos IN "
                         "(SELECT pos FROM journal WHERE workflow=?1 ORDER BY seq DESC LIMIT ?2)"};
  statement drop_{connection_, "DELETE FROM workflow WHERE id=?1"};
};

} // namespace

std::vector<id> prune_slice(connection& c, const retention& r, wall_time now, std::size_t rows_max,
                            std::uint64_t last_pos) {
  std::vector<id> gone;
  auto budget = static_cast<std::int64_t>(
    std::min<std::size_t>(rows_max, std::numeric_limits<std::int32_t>::max()));
  slice s{c};
  s.expire_keys(now, budget);
  bool any = false;
  while (budget > 0) {
    auto workflow = s.half_gone();
    if (!workflow) {
      const auto next = s.oldest();
      const bool goes
        = next
          && ((r.keep_age && next->ended_at < now - *r.keep_age) || (r.up_to && *next <= *r.up_to));
      if (!goes)
        break;
      s.hide(next->workflow, now + r.idempotency_keep);
      workflow = next->workflow;
    }
    any = true;
    budget -= s.remove_rows(*workflow, budget);
    if (budget > 0) { // all its rows fitted
      s.drop(*workflow);
      gone.push_back(*workflow);
    }
  }
  if (any) {
    statement floor{c, "INSERT OR REPLACE INTO meta(key,value) VALUES('_pos_floor',?1)"};
    floor.bind(std::to_string(last_pos)).run();
  }
  return gone;
}

} // namespace o3::store::sqlite
