// What the memory store holds; private to this folder. Threads: everything under `mutex`.
#pragma once
#include "runtime/store/memory.hpp"
#include "runtime/store/plan_watch.hpp"

#include <map>
#include <memory>
#include <set>
#include <shared_mutex>
#include <tuple>

namespace o3::store::memory {

using key_of_caller
  = std::tuple<std::string, std::string, std::string>; ///< project, principal, key

using document_name = std::tuple<std::string, std::string, std::string>; ///< kind, project, key

struct kept {
  kept_key key;
  wall_time until;
};

struct workflow_data {
  store::summary summary;
  std::map<std::uint64_t, std::uint64_t> rows; ///< seq -> pos
  bool going = false;                          ///< being pruned: hidden, its id still taken
};

struct memory_data {
  std::shared_mutex mutex;
  fault_hook hook;
  std::uint64_t epoch = 0; ///< of all shards
  std::uint64_t last_pos = 0;
  std::map<id, workflow_data> workflows;
  std::map<std::uint64_t, journal_row> journal;
  std::map<key_of_caller, id> keys;
  std::map<key_of_caller, kept> kept_keys;
  std::map<sha256_hash, blob> blobs;
  std::map<std::string, std::string, std::less<>> meta;
  std::map<document_name, document> documents;
  std::set<std::pair<wall_time, id>> wakes;
  std::set<std::pair<wall_time, id>> ended;
  plan_watch plans;
  std::optional<id> going; ///< the workflow whose rows did not fit into the last slice
};

inline key_of_caller key_of(const summary& s) {
  return {s.project, s.principal, s.idempotency_key};
}

/// Calls the hook before each batch.
std::unique_ptr<journal> make_journal(std::shared_ptr<memory_data> d);
std::unique_ptr<reader> make_reader(std::shared_ptr<memory_data> d);

} // namespace o3::store::memory
