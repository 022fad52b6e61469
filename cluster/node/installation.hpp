// A data directory made ready: store, key, token, epoch. What is in it:
//   o3.db…          the store                     secret.key     key for sealed values (0600)
//   logs/           workflow and task logs        client-token   the local CLI's token (0600)
//   templates/      templates stored by API       epoch          highest boot epoch, outside the
//   database listen          address of the running node, for the local CLI
//   secrets.json    stored secrets, sealed (0600)
//   crashes         which workflows were in hand when the process crashed
// Threads: one owner, at start.
#pragma once
#include "config/model/options.hpp"
#include "http/api/auth.hpp"
#include "runtime/base/crypto.hpp"
#include "runtime/base/result.hpp"
#include "runtime/store/journal.hpp"
#include "runtime/store/log_store.hpp"

#include <filesystem>
#include <memory>
#include <optional>
#include <string>

namespace o3 {

struct installation {
  std::filesystem::path dir;
  std::shared_ptr<store::backend> store;
  std::shared_ptr<store::log_backend> logs;
  std::shared_ptr<const sealer> seal;
  std::string install_id; ///< 8 hex digits, made once
  api::token_entry admin;
  std::optional<std::string> new_token; ///< made in this start: print it once
  std::uint64_t epoch_at_least = 1;     ///< from the epoch file
  bool restored = false; ///< the store knows less than that file: it was put back from a backup
};

/// `first_token`: O3_TOKEN, taken instead of a made one at the first start; "" for none. Fails with
/// config_invalid if no request could carry it, and with key_mismatch if a store is there whose
/// secret.key is missing or another one.
result<installation> open_installation(const config::options& o, const std::string& first_token);
/// Writes the epoch this node got and how far its journal is; refused by the disk = storage_failed.
result<done> remember_epoch(const installation& i, std::uint64_t epoch);
/// Writes or removes `listen`. Errors are not fatal: it is a convenience.
void announce_listen(const installation& i, const std::string& address);
void retract_listen(const installation& i);

} // namespace o3
