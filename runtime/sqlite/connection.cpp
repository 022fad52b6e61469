#include "runtime/sqlite/connection.hpp"

#include "runtime/base/text.hpp"

#include <cerrno>
#include <cstring>
#include <sqlite3.h>

namespace o3::store::sqlite {

namespace {

// Longer than any checkpoint that waits for the writer; a foreign tool that locks the file for
// longer is an error worth stopping for.
constexpr int busy_ms = 30'000;

fault meaning(int code, int system_errno) {
  switch (code & 0xFF) {
  case SQLITE_FULL:
    return fault::storage_full;
  case SQLITE_CORRUPT:
  case SQLITE_NOTADB:
  case SQLITE_CONSTRAINT: // every constraint that may fail is asked with OR IGNORE
  case SQLITE_MISMATCH:
  case SQLITE_ERROR: // our SQL is fixed, so a table or column is not what it should be
    return fault::store_corrupt;
  case SQLITE_IOERR:
    if (system_errno == ENOSPC || system_errno == EDQUOT || system_errno == EFBIG)
      return fault::storage_full;
    return fault::storage_failed;
  case SQLITE_CANTOPEN: // the disk is well, but this process or the machine has no descriptor left
    if (system_errno == EMFILE || system_errno == ENFILE)
      return fault::unavailable;
    return fault::storage_failed;
  default:
    return fault::storage_failed;
  }
}

// Later system calls may have changed errno, so the files themselves are asked.
int last_errno(sqlite3* db) {
  int of_db = 0;
  int of_wal = 0;
  sqlite3_file* wal = nullptr;
  sqlite3_file_control(db, nullptr, SQLITE_FCNTL_LAST_ERRNO, &of_db);
  sqlite3_file_control(db, nullptr, SQLITE_FCNTL_JOURNAL_POINTER, static_cast<void*>(&wal));
  if (wal != nullptr && wal->pMethods != nullptr)
    wal->pMethods->xFileControl(wal, SQLITE_FCNTL_LAST_ERRNO, &of_wal);
  if (of_wal != 0)
    return of_wal;
  return of_db != 0 ? of_db : sqlite3_system_errno(db);
}

} // namespace

connection::connection(const std::filesystem::path& file, access how, const connection_options& o)
    : name_(printable(file.string())) {
  const int flags = (how == access::write ? SQLITE_OPEN_READWRITE : SQLITE_OPEN_READONLY)
                    | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_PRIVATECACHE;
  const int rc = sqlite3_open_v2(file.c_str(), &db_, flags, nullptr);
  try {
    if (rc != SQLITE_OK)
      fail(rc, "opened");
    sqlite3_extended_result_codes(db_, 1);
    set_up(how, o);
  } catch (...) {
    sqlite3_close_v2(db_);
    throw;
  }
}

connection::~connection() {
  sqlite3_close_v2(db_);
}

void connection::set_up(access how, const connection_options& o) {
  sqlite3_busy_timeout(db_, busy_ms);
  sqlite3_db_config(db_, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
  // No memory map: an I/O error below one is a signal, not an answer.
  run("PRAGMA trusted_schema=OFF; PRAGMA mmap_size=0; PRAGMA temp_store=MEMORY");
  run(("PRAGMA cache_size=-" + std::to_string(o.cache_kib)).c_str());
  expect("PRAGMA trusted_schema", "0");
  if (how == access::read) {
    run("PRAGMA query_only=ON");
    expect("PRAGMA query_only", "1");
    return;
  }
  // Debian overwrites deleted bytes with zeros by default; secrets are sealed before they come
  // here.
  run("PRAGMA secure_delete=OFF; PRAGMA foreign_keys=ON");
  expect("PRAGMA journal_mode=WAL", "wal");
  const bool full = o.sync == durability::full;
  run(full ? "PRAGMA synchronous=FULL; PRAGMA wal_autocheckpoint=0"
           : "PRAGMA synchronous=NORMAL; PRAGMA wal_autocheckpoint=2000");
  run(("PRAGMA journal_size_limit=" + std::to_string(o.wal_limit_bytes)).c_str());
  expect("PRAGMA synchronous", full ? "2" : "1");
  expect("PRAGMA wal_autocheckpoint", full ? "0" : "2000");
  expect("PRAGMA foreign_keys", "1");
  expect("PRAGMA journal_size_limit", std::to_string(o.wal_limit_bytes));
}

void connection::expect(const char* pragma, std::string_view answer) {
  if (const auto got = ask(pragma); got != answer)
    throw storage_failure{fault::storage_failed, "SQLite answers '" + got + "' to '" + pragma
                                                   + "' for '" + name_ + "', not '"
                                                   + std::string{answer}
                                                   + "': the store would not be durable."};
}

void connection::run(const char* sql) {
  if (const int rc = sqlite3_exec(db_, sql, nullptr, nullptr, nullptr); rc != SQLITE_OK)
    fail(rc, sql);
}

std::string connection::ask(const char* sql) {
  statement s{*this, sql};
  return s.step() ? s.text(0) : std::string{};
}

std::int64_t connection::ask_number(const char* sql) {
  statement s{*this, sql};
  return s.step() ? s.number(0) : 0;
}

std::int64_t connection::changes() const {
  return sqlite3_changes64(db_);
}

void connection::fail(int code, std::string_view doing) const {
  const bool system_error = (code & 0xFF) == SQLITE_IOERR || (code & 0xFF) == SQLITE_CANTOPEN;
  const int system = system_error && db_ != nullptr ? last_errno(db_) : 0;
  std::string text = "The store '" + name_ + "' failed at '" + std::string{doing.substr(0, 40)}
                     + "': " + (db_ != nullptr ? sqlite3_errmsg(db_) : sqlite3_errstr(code));
  if (system_error)
    text += " (SQLite code " + std::to_string(code) + ", errno " + std::to_string(system) + ")";
  throw storage_failure{meaning(code, system), text + "."};
}

statement::statement(connection& c, std::string_view sql) : connection_(c) {
  const int rc = sqlite3_prepare_v3(c.raw(), sql.data(), static_cast<int>(sql.size()),
                                    SQLITE_PREPARE_PERSISTENT, &s_, nullptr);
  if (rc != SQLITE_OK)
    c.fail(rc, sql);
}

statement::~statement() {
  sqlite3_finalize(s_);
}

void statement::check(int code, std::string_view doing) const {
  if (code != SQLITE_OK)
    connection_.fail(code, doing);
}

void statement::put(int at, std::nullopt_t /*none*/) {
  check(sqlite3_bind_null(s_, at), "bind");
}

void statement::put(int at, std::int64_t value) {
  check(sqlite3_bind_int64(s_, at, value), "bind");
}

void statement::put(int at, std::string_view text) {
  const char* data = text.data() != nullptr ? text.data() : ""; // a null pointer would bind NULL
  check(sqlite3_bind_text64(s_, at, data, text.size(), SQLITE_STATIC, SQLITE_UTF8), "bind");
}

void statement::put_bytes(int at, const void* data, std::size_t size) {
  check(sqlite3_bind_blob64(s_, at, size != 0 ? data : "", size, SQLITE_STATIC), "bind");
}

bool statement::step() {
  const int rc = sqlite3_step(s_);
  if (rc == SQLITE_ROW)
    return true;
  if (rc != SQLITE_DONE) {
    const std::string doing = sqlite3_sql(s_);
    try {
      connection_.fail(rc, doing);
    } catch (...) {
      sqlite3_reset(s_);
      throw;
    }
  }
  return false;
}

std::int64_t statement::run() {
  while (step()) {
  }
  const auto n = connection_.changes();
  reset();
  return n;
}

void statement::reset() {
  sqlite3_reset(s_);
}

bool statement::is_null(int column) const {
  return sqlite3_column_type(s_, column) == SQLITE_NULL;
}

std::int64_t statement::number(int column) const {
  return sqlite3_column_int64(s_, column);
}

std::string statement::text(int column) const {
  const auto* data = reinterpret_cast<const char*>(sqlite3_column_text(s_, column));
  return data == nullptr
           ? std::string{}
           : std::string{data, static_cast<std::size_t>(sqlite3_column_bytes(s_, column))};
}

id statement::id_at(int column) const {
  id out;
  const void* data = sqlite3_column_blob(s_, column);
  if (data == nullptr || sqlite3_column_bytes(s_, column) != static_cast<int>(out.bytes.size()))
    connection_.fail(SQLITE_CORRUPT, "reading an id");
  std::memcpy(out.bytes.data(), data, out.bytes.size());
  return out;
}

sha256_hash statement::hash_at(int column) const {
  sha256_hash out{};
  if (is_null(column))
    return out;
  const void* data = sqlite3_column_blob(s_, column);
  if (data == nullptr || sqlite3_column_bytes(s_, column) != static_cast<int>(out.size()))
    connection_.fail(SQLITE_CORRUPT, "reading a hash");
  std::memcpy(out.data(), data, out.size());
  return out;
}

std::optional<wall_time> statement::maybe_time(int column) const {
  return is_null(column) ? std::nullopt : std::optional{time_at(column)};
}

std::optional<id> statement::maybe_id(int column) const {
  return is_null(column) ? std::nullopt : std::optional{id_at(column)};
}

transaction::transaction(connection& c) : connection_(c) {
  c.run("BEGIN IMMEDIATE");
}

transaction::~transaction() {
  if (open_) // may fail if SQLite has rolled back already
    sqlite3_exec(connection_.raw(), "ROLLBACK", nullptr, nullptr, nullptr);
}

void transaction::commit() {
  connection_.run("COMMIT");
  open_ = false;
}

} // namespace o3::store::sqlite
