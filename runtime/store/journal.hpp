// What the engine asks of a store: append records, read them back, find workflows.
//
// Every adapter passes tests/contract/store. Nothing is visible before it is on disk. A refused
// entry never affects its neighbours in the same batch. Threads: a `journal` has one owner (the
// writer); any number of `reader`s may be made, one per thread.
#pragma once
#include "runtime/base/clock.hpp"
#include "runtime/base/crypto.hpp"
#include "runtime/base/id.hpp"
#include "runtime/store/document.hpp"
#include "runtime/template/states.hpp"

#include <memory>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

namespace o3::store {

inline constexpr std::uint32_t shard_count = 256; ///< fixed at installation
/// The shard of a workflow: FNV-1a over its 16 bytes, modulo shard_count.
std::uint32_t shard_of(const id& workflow);

/// The row that lists, filters and wake-ups use; written in the same transaction as the journal.
struct summary {
  id workflow;
  std::string project = "default";
  std::string principal = "admin";
  std::string ref;      ///< label, may be empty
  std::string trace_id; ///< never empty
  std::string
    idempotency_key;       ///< empty: none. Unique per (project, principal), outlives the workflow
  sha256_hash body_hash{}; ///< of the accepted body, compared on replay
  std::string template_ref;
  sha256_hash plan_hash{};
  std::string name;
  std::uint32_t revision = 1;
  workflow_state state = workflow_state::waiting;
  wall_time created_at;
  std::optional<wall_time> started_at;
  std::optional<wall_time> ended_at;
  /// When the engine must look at it again: 0 (epoch) = in hand now, absent = ended or waiting for
  /// nothing but an outside event. One index scan over it finds all work after a restart.
  std::optional<wall_time> wake_at;
  std::string error; ///< of an ended workflow: one line; else empty
  std::uint64_t checkpoint_seq
    = 0; ///< row that begins with the latest checkpoint; 0: none. Reading starts there
  std::optional<id> root; ///< of nested workflows
  std::optional<id> parent;
};

/// Changes to an existing summary row.
struct summary_update {
  workflow_state state = workflow_state::waiting;
  std::optional<wall_time> started_at;
  std::optional<wall_time> ended_at;
  std::optional<wall_time> wake_at;
  std::string error;
  std::uint64_t checkpoint_seq = 0; ///< as in summary; 0 leaves it as it is
};

struct blob {
  sha256_hash hash{};
  std::string kind; ///< "plan", "value"
  std::string body;
};

/// One decision step of one workflow.
struct append_entry {
  id workflow;
  std::uint64_t epoch = 0; ///< of the caller; must be the shard owner's
  std::uint64_t seq = 0;   ///< 1 for the first row of a workflow, then +1; gaps are conflicts
  wall_time at;
  std::string records;                  ///< JSON array of records
  std::optional<summary> insert;        ///< with seq 1
  std::optional<summary_update> update; ///< state or wake_at changed
  std::vector<blob> blobs;              ///< stored once by hash; present ones are skipped
};

enum class outcome : std::uint8_t {
  ok,
  conflict, ///< (workflow, seq) exists or leaves a gap, or the idempotency key is taken
  fenced,   ///< another epoch owns the shard
  unknown   ///< the commit's fate is not known: read back before acting
};

/// Thrown by a store that cannot go on (EIO, ENOSPC, corrupt file): the process must end (DESIGN
/// §2.8).
struct storage_failure : std::runtime_error {
  storage_failure(fault f, const std::string& what) : std::runtime_error(what), code(f) {}
  /// storage_failed, storage_full, store_corrupt; or unavailable: this process has no descriptor
  /// left, and what a reader could not read now it may read later.
  fault code;
};

/// A place in the order in which ended workflows go: the oldest end first.
struct ended_row {
  wall_time ended_at;
  id workflow;
  auto operator<=>(const ended_row&) const = default;
};

struct retention {
  std::optional<millis> keep_age; ///< ended longer ago than this may go
  std::optional<ended_row> up_to; ///< this one and all older ones may go: reader::ended_beyond
  millis idempotency_keep{30LL * 24 * 3600 * 1000}; ///< keys outlive their workflow by this
};

class journal {
public:
  virtual ~journal() = default;
  /// Appends all entries in one transaction; durable when it returns. One outcome per entry, in
  /// order.
  virtual std::vector<outcome> append(std::span<const append_entry> entries) = 0;
  /// Makes, changes and deletes documents in one transaction; durable when it returns. One outcome
  /// per entry, in order: `conflict` if the version is another than expected, the key is empty, or
  /// what shall go is not expected to be there. A later entry sees what an earlier one did.
  virtual std::vector<outcome> put_documents(std::span<const document_put> entries) = 0;
  /// Takes all shards for a new owner: epoch = greatest ever + 1, at least `at_least`. Earlier
  /// epochs are fenced from then on.
  virtual std::uint64_t claim(std::string_view owner, std::uint64_t at_least) = 0;
  /// Deletes at most `rows_max` journal rows of ended workflows that `r` lets go; never a live one.
  /// Keys move to the kept table. Returns the workflows deleted; fewer than possible: call again.
  virtual std::vector<id> prune(const retention& r, wall_time now, std::size_t rows_max) = 0;
  /// From now on the plans of new workflows are remembered, for drop_blobs().
  virtual void begin_blob_sweep() = 0;
  /// Deletes those of `unused` that no workflow accepted since begin_blob_sweep() refers to; how
  /// many. Afterwards an entry that begins a workflow with a plan dropped here must bring it along,
  /// or is a conflict. The caller knows that no older workflow refers to them.
  virtual std::size_t drop_blobs(std::span<const sha256_hash> unused) = 0;
  /// Small named values of the installation ("install_id", "token_hash", …).
  virtual void set_meta(std::string_view key, std::string_view value) = 0;
};

struct journal_row {
  std::uint64_t pos = 0; ///< grows over the whole journal, never reused
  id workflow;
  std::uint64_t seq = 0;
  std::uint64_t epoch = 0;
  wall_time at;
  std::string records;
};

struct list_filter {
  std::optional<std::string> project;
  std::vector<workflow_state> states; ///< empty: all
  std::optional<std::string> template_ref, trace_id, ref;
  std::optional<wall_time> since; ///< created at or after
  std::optional<std::string>
    q; ///< part of name, ref, template, error or trace_id (case-insensitive)
  std::size_t scan_max = 20'000; ///< workflows looked at for one page
};

struct list_page {
  std::vector<summary> items;
  std::optional<id> next; ///< there may be more before this one; absent: that was all
};

struct due_row {
  id workflow;
  wall_time wake_at;
};

/// A key whose workflow was pruned.
struct kept_key {
  id workflow;
  sha256_hash body_hash{};
};

class reader {
public:
  virtual ~reader() = default;
  virtual std::optional<summary> find(const id& workflow) = 0;
  virtual std::optional<summary> find_key(std::string_view project, std::string_view principal,
                                          std::string_view key)
    = 0;
  virtual std::optional<kept_key> find_kept_key(std::string_view project,
                                                std::string_view principal, std::string_view key)
    = 0;
  /// Rows of one workflow with seq >= from, in order.
  virtual std::vector<journal_row> rows(const id& workflow, std::uint64_t from, std::size_t max)
    = 0;
  /// Rows with pos > after, in order of pos: the global event stream.
  virtual std::vector<journal_row> rows_after(std::uint64_t after, std::size_t max) = 0;
  virtual std::uint64_t last_pos() = 0;
  /// The highest epoch that claimed the store; 0: none yet.
  virtual std::uint64_t last_epoch() = 0;
  /// Newest first; `before` is `next` of the previous page. A page holds fewer than `max`, even
  /// none, if `scan_max` workflows did not give more: `next` says whether to go on.
  virtual list_page list(const list_filter& f, const std::optional<id>& before, std::size_t max)
    = 0;
  /// The newest of the ended workflows beyond the `count` that ended last; absent: there are no
  /// more than that.
  virtual std::optional<ended_row> ended_beyond(std::uint64_t count) = 0;
  /// The plans that workflows refer to, page by page in order of their ids.
  virtual std::vector<std::pair<id, sha256_hash>> plans_after(const id& after, std::size_t max) = 0;
  /// Stored plans, page by page in order of their hashes.
  virtual std::vector<sha256_hash> plan_blobs_after(const sha256_hash& after, std::size_t max) = 0;
  /// Workflows with wake_at <= until, after (after_at, after_id) in order of (wake_at, id).
  virtual std::vector<due_row> due(wall_time until, const std::optional<due_row>& after,
                                   std::size_t max)
    = 0;
  virtual std::optional<std::string> find_blob(const sha256_hash& hash) = 0;
  virtual std::optional<std::string> meta(std::string_view key) = 0;
  virtual std::optional<document> find_document(std::string_view kind, std::string_view project,
                                                std::string_view key)
    = 0;
  /// Documents of one kind in order of (project, key), of all projects if none is named. `after` is
  /// the last one of the previous page (its project counts only if none is named); empty: from the
  /// first on. Order is that of the bytes.
  virtual std::vector<document> documents(std::string_view kind,
                                          const std::optional<std::string>& project,
                                          const document_place& after, std::size_t max)
    = 0;
  /// How many workflows have `root` as their root, counted up to `most`.
  virtual std::uint64_t count_family(const id& root, std::uint64_t most) = 0;
  /// Workflows per state, for metrics.
  virtual std::vector<std::pair<workflow_state, std::uint64_t>> count_states() = 0;
};

/// An opened installation.
class backend {
public:
  virtual ~backend() = default;
  virtual std::unique_ptr<journal> make_journal() = 0; ///< call once
  virtual std::unique_ptr<reader> make_reader() = 0;   ///< one per thread
  /// Moves committed data from the log into the main file; may take long; own thread; no-op in
  /// memory.
  virtual void checkpoint() = 0;
  [[nodiscard]] virtual std::string describe() const = 0; ///< "sqlite /var/lib/o3/o3.db", "memory"
};

} // namespace o3::store
