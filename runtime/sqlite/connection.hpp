// One SQLite connection and its prepared statements, with errors as storage_failure.
//
// Text and blobs are bound without a copy: what is bound must live until the statement has run.
// Threads: a connection and its statements belong to one thread at a time (SQLITE_OPEN_NOMUTEX).
#pragma once
#include "runtime/base/clock.hpp"
#include "runtime/base/crypto.hpp"
#include "runtime/base/id.hpp"
#include "runtime/store/journal.hpp"

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

struct sqlite3;
struct sqlite3_stmt;

namespace o3::store::sqlite {

enum class access : std::uint8_t { write, read };
/// `logs`: synchronous=NORMAL and automatic checkpoints, for what may lose its last seconds.
enum class durability : std::uint8_t { full, logs };

struct connection_options {
  std::size_t cache_kib = 2048;
  std::size_t wal_limit_bytes = 64 << 20;
  durability sync = durability::full;
};

class connection {
public:
  /// Opens an existing file and sets every pragma; throws if one of them answers otherwise.
  connection(const std::filesystem::path& file, access how, const connection_options& o);
  ~connection();
  connection(const connection&) = delete;
  connection& operator=(const connection&) = delete;

  void run(const char* sql);                  ///< any number of statements, no answer
  std::string ask(const char* sql);           ///< first column of the first row as text, "" if none
  std::int64_t ask_number(const char* sql);   ///< the same as a number, 0 if none
  [[nodiscard]] std::int64_t changes() const; ///< rows changed by the last INSERT, UPDATE or DELETE
  [[nodiscard]] sqlite3* raw() const { return db_; }
  /// Throws the storage_failure that `code` means.
  [[noreturn]] void fail(int code, std::string_view doing) const;

private:
  void set_up(access how, const connection_options& o);
  void expect(const char* pragma, std::string_view answer);

  std::string name_;
  sqlite3* db_ = nullptr;
};

class statement {
public:
  statement(connection& c, std::string_view sql);
  ~statement();
  statement(const statement&) = delete;
  statement& operator=(const statement&) = delete;

  /// Parameters ?1, ?2, … in order; nullopt binds NULL.
  template <class... Values>
  statement& bind(const Values&... values) {
    int at = 0;
    (put(++at, values), ...);
    return *this;
  }
  void put(int at, std::nullopt_t);
  void put(int at, std::int64_t value);
  void put(int at, std::uint64_t value) { put(at, static_cast<std::int64_t>(value)); }
  void put(int at, std::uint32_t value) { put(at, static_cast<std::int64_t>(value)); }
  void put(int at, int value) { put(at, static_cast<std::int64_t>(value)); }
  void put(int at, std::string_view text);
  void put(int at, const std::string& text) { put(at, std::string_view{text}); }
  void put(int at, const id& value) { put_bytes(at, value.bytes.data(), value.bytes.size()); }
  void put(int at, const sha256_hash& value) { put_bytes(at, value.data(), value.size()); }
  void put(int at, wall_time value) { put(at, to_ms(value)); }
  template <class T>
  void put(int at, const std::optional<T>& value) {
    value ? put(at, *value) : put(at, std::nullopt);
  }

  void put_bytes(int at, const void* data, std::size_t size); ///< as a BLOB

  bool step();        ///< true: a row is there
  std::int64_t run(); ///< to its end, then reset; rows changed
  void reset();

  [[nodiscard]] bool is_null(int column) const;
  [[nodiscard]] std::int64_t number(int column) const;
  [[nodiscard]] std::uint64_t count(int column) const {
    return static_cast<std::uint64_t>(number(column));
  }
  [[nodiscard]] std::string text(int column) const;
  [[nodiscard]] id id_at(int column) const;
  [[nodiscard]] sha256_hash hash_at(int column) const; ///< NULL is all zeros
  [[nodiscard]] wall_time time_at(int column) const { return from_ms(number(column)); }
  [[nodiscard]] std::optional<wall_time> maybe_time(int column) const;
  [[nodiscard]] std::optional<id> maybe_id(int column) const;

private:
  void check(int code, std::string_view doing) const;

  connection& connection_;
  sqlite3_stmt* s_ = nullptr;
};

/// Resets a statement at the end of a scope: an open one would hold back checkpoints.
class run_scope {
public:
  explicit run_scope(statement& s) : s_(s) {}
  ~run_scope() { s_.reset(); }
  run_scope(const run_scope&) = delete;
  run_scope& operator=(const run_scope&) = delete;

private:
  statement& s_;
};

/// BEGIN IMMEDIATE … COMMIT, rolled back unless committed.
class transaction {
public:
  explicit transaction(connection& c);
  ~transaction();
  transaction(const transaction&) = delete;
  transaction& operator=(const transaction&) = delete;
  void commit();

private:
  connection& connection_;
  bool open_ = true;
};

} // namespace o3::store::sqlite
