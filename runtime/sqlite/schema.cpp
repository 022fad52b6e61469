#include "runtime/sqlite/schema.hpp"

#include <array>
#include <string>

namespace o3::store::sqlite {

namespace {

// "O3wf": tells our files from other people's databases.
constexpr std::int64_t application = 0x4F337766;

// journal.pos is given by the writer, see journal.cpp. A workflow with state -1 is being pruned: it
// is hidden from readers and blocks its id until its last journal row is gone. trace_id is NULL
// where it would only repeat the id. Indexes: every one costs each workflow about a microsecond, so
// add none without a query that needs it: keys; lists by state; traces; due() and the search for
// work at start; prune().
constexpr const char* version_1 = R"(
CREATE TABLE meta(key TEXT PRIMARY KEY NOT NULL, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE shard(shard INTEGER PRIMARY KEY, owner TEXT NOT NULL, epoch INTEGER NOT NULL) STRICT;
WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 255)
  INSERT INTO shard SELECT i, '', 0 FROM n;
CREATE TABLE journal(pos INTEGER PRIMARY KEY, workflow BLOB NOT NULL, seq INTEGER NOT NULL,
  epoch INTEGER NOT NULL, at INTEGER NOT NULL, records TEXT NOT NULL, UNIQUE(workflow, seq)) STRICT;
CREATE TABLE workflow(id BLOB PRIMARY KEY NOT NULL, shard INTEGER NOT NULL, project TEXT NOT NULL,
  principal TEXT NOT NULL, ref TEXT NOT NULL, trace_id TEXT, idem_key TEXT, body_hash BLOB,
  template_ref TEXT NOT NULL, plan_hash BLOB, name TEXT NOT NULL, revision INTEGER NOT NULL,
  state INTEGER NOT NULL, created_at INTEGER NOT NULL, started_at INTEGER, ended_at INTEGER,
  wake_at INTEGER, error TEXT NOT NULL, root BLOB, parent BLOB,
  checkpoint_seq INTEGER NOT NULL DEFAULT 0) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX workflow_key ON workflow(project, principal, idem_key) WHERE idem_key IS NOT NULL;
CREATE INDEX workflow_state ON workflow(state, id);
CREATE INDEX workflow_trace ON workflow(trace_id) WHERE trace_id IS NOT NULL;
CREATE INDEX workflow_wake ON workflow(wake_at, id) WHERE wake_at IS NOT NULL;
CREATE INDEX workflow_ended ON workflow(ended_at, id) WHERE ended_at IS NOT NULL;
CREATE TABLE blob(hash BLOB PRIMARY KEY NOT NULL, kind TEXT NOT NULL, body BLOB NOT NULL) STRICT;
CREATE TABLE kept_key(project TEXT NOT NULL, principal TEXT NOT NULL, key TEXT NOT NULL,
  workflow BLOB NOT NULL, body_hash BLOB, until INTEGER NOT NULL,
  PRIMARY KEY(project, principal, key)) STRICT, WITHOUT ROWID;
CREATE INDEX kept_key_until ON kept_key(until);
)";

// A document is found by its key and changes as a whole. Bodies may be long, so the table has row
// ids: a table that is its own index would carry them in every page that a search passes.
constexpr const char* version_2 = R"(
CREATE TABLE document(kind TEXT NOT NULL, project TEXT NOT NULL, key TEXT NOT NULL,
  shard INTEGER NOT NULL, version INTEGER NOT NULL, body TEXT NOT NULL, updated_at INTEGER NOT NULL,
  PRIMARY KEY(kind, project, key)) STRICT;
CREATE INDEX workflow_root ON workflow(root) WHERE root IS NOT NULL;
)";

constexpr std::array steps{migration{1, version_1}, migration{2, version_2}};

error foreign(std::string_view file) {
  return make_error(fault::store_corrupt,
                    "The file '" + std::string{file} + "' is not a store of o3.", {},
                    "move it away, or choose another data directory");
}

} // namespace

std::span<const migration> migrations() {
  return steps;
}

result<done> migrate(connection& c, std::span<const migration> list, std::string_view file) {
  const auto owner = c.ask_number("PRAGMA application_id");
  const auto version = c.ask_number("PRAGMA user_version");
  if (owner != application
      && (owner != 0 || version != 0 || c.ask_number("SELECT count(*) FROM sqlite_schema") != 0))
    return foreign(file);
  const int newest = list.empty() ? 0 : list.back().version;
  if (version > newest)
    return make_error(fault::store_newer,
                      "The store '" + std::string{file} + "' has version " + std::to_string(version)
                        + ", this o3 knows versions up to " + std::to_string(newest) + ".",
                      {}, "start the newer o3 again, or restore a backup made before the upgrade");
  for (const auto& step : list) {
    if (step.version <= version)
      continue;
    transaction t{c};
    c.run(step.sql);
    c.run(("PRAGMA application_id=" + std::to_string(application)).c_str());
    c.run(("PRAGMA user_version=" + std::to_string(step.version)).c_str());
    t.commit();
  }
  return done{};
}

} // namespace o3::store::sqlite
