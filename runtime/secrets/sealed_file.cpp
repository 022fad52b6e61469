#include "runtime/secrets/sealed_file.hpp"

#include "runtime/base/text.hpp"
#include "runtime/secrets/small_file.hpp"

#include <map>
#include <mutex>

namespace o3::secrets {
namespace {

constexpr int file_version = 1;
constexpr std::size_t file_bytes_max = 256 << 20;
using key = std::pair<std::string, std::string>; ///< project, name

struct row {
  entry about;
  json sealed;
};

std::optional<wall_time> time_in(const json& doc, const char* name) {
  const auto at = doc.find(name);
  return at != doc.end() && at->is_string() ? parse_rfc3339(at->get_ref<const std::string&>())
                                            : std::nullopt;
}

std::vector<std::string> texts_in(const json& doc, const char* name) {
  std::vector<std::string> texts;
  if (const auto at = doc.find(name); at != doc.end() && at->is_array())
    for (const auto& item : *at)
      if (item.is_string())
        texts.push_back(item.get<std::string>());
  return texts;
}

// What is sealed proves itself: everything is read from inside.
result<row> row_of(const json& sealed, const sealer& seal) {
  O3_TRY(auto clear, seal.unseal(sealed));
  row r;
  r.sealed = sealed;
  const auto text = [&](const char* name) {
    const auto at = clear.find(name);
    return at != clear.end() && at->is_string() ? at->get<std::string>() : std::string{};
  };
  r.about = {.name = text("name"),
             .project = text("project"),
             .origins = texts_in(clear, "origins"),
             .templates = texts_in(clear, "templates"),
             .source = "stored",
             .created = time_in(clear, "created_at"),
             .updated = time_in(clear, "updated_at")};
  auto value = std::move(clear["value"]);
  if (value.is_string())
    wipe(value.get_ref<std::string&>());
  return r;
}

class sealed_file final : public keeper {
public:
  sealed_file(std::shared_ptr<const sealer> seal, std::filesystem::path file)
      : seal_(std::move(seal)), file_(std::move(file)) {}

  result<done> load() {
    O3_TRY(auto text, read_private(file_, file_bytes_max));
    if (!text)
      return done{};
    const auto doc = json::parse(*text, nullptr, false);
    const auto broken = [&] {
      return make_error(fault::file_broken, "the file " + file_.string() + " holds no secrets", "",
                        "put it back from a backup, or move it away and store the secrets again");
    };
    if (!doc.is_object() || doc.value("version", json()) != json(file_version)
        || !doc.contains("secrets") || !doc["secrets"].is_array())
      return broken();
    for (const auto& sealed : doc["secrets"]) {
      auto r = row_of(sealed, *seal_);
      if (!r)
        return std::move(r.error()).prefixed(file_.string());
      key k{r->about.project, r->about.name};
      rows_.insert_or_assign(std::move(k), *std::move(r));
    }
    return done{};
  }

  [[nodiscard]] std::vector<entry> list() const override {
    const std::lock_guard lock{mutex_};
    std::vector<entry> all;
    for (const auto& [k, r] : rows_)
      all.push_back(r.about);
    return all;
  }

  [[nodiscard]] std::optional<entry> find(std::string_view project,
                                          std::string_view name) const override {
    const std::lock_guard lock{mutex_};
    const auto at = rows_.find({std::string{project}, std::string{name}});
    return at == rows_.end() ? std::nullopt : std::optional{at->second.about};
  }

  [[nodiscard]] result<held> open(std::string_view project, std::string_view name) const override {
    row r;
    {
      const std::lock_guard lock{mutex_};
      const auto at = rows_.find({std::string{project}, std::string{name}});
      if (at == rows_.end())
        return make_error(fault::not_found, "there is no such secret");
      r = at->second;
    }
    O3_TRY(auto clear, seal_->unseal(r.sealed));
    auto value = std::move(clear["value"]);
    if (!value.is_string())
      return make_error(fault::secret_unreadable, "a stored secret holds no text");
    return held{std::move(r.about), secret::consume(value.get_ref<std::string&>())};
  }

  result<entry> put(entry e, secret value, wall_time now) override {
    const std::lock_guard lock{mutex_};
    const key k{e.project, e.name};
    const auto had = rows_.find(k);
    e.source = "stored";
    e.created = had == rows_.end() ? now : had->second.about.created.value_or(now);
    e.updated = now;
    auto clear = to_json(e);
    clear["value"] = std::string{value.reveal()};
    row r{e, seal_->seal(clear)};
    wipe(clear["value"].get_ref<std::string&>());
    auto rows = rows_;
    rows.insert_or_assign(k, std::move(r));
    O3_TRY([[maybe_unused]] auto written, store(rows));
    rows_ = std::move(rows);
    return e;
  }

  result<done> remove(std::string_view project, std::string_view name) override {
    const std::lock_guard lock{mutex_};
    auto rows = rows_;
    if (rows.erase({std::string{project}, std::string{name}}) == 0)
      return make_error(fault::not_found, "there is no secret '" + printable(name, 128) + "'");
    O3_TRY([[maybe_unused]] auto written, store(rows));
    rows_ = std::move(rows);
    return done{};
  }

private:
  [[nodiscard]] result<done> store(const std::map<key, row>& rows) const {
    if (file_.empty())
      return done{};
    json doc{{"version", file_version}, {"secrets", json::array()}};
    for (const auto& [k, r] : rows)
      doc["secrets"].push_back(r.sealed);
    return write_private(file_, doc.dump() + "\n");
  }

  std::shared_ptr<const sealer> seal_;
  std::filesystem::path file_;
  mutable std::mutex mutex_;
  std::map<key, row> rows_;
};

} // namespace

result<std::shared_ptr<keeper>> open_sealed_file(std::shared_ptr<const sealer> seal,
                                                 std::filesystem::path file) {
  auto keeper_of_file = std::make_shared<sealed_file>(std::move(seal), std::move(file));
  O3_TRY([[maybe_unused]] auto loaded, keeper_of_file->load());
  return std::shared_ptr<keeper>{std::move(keeper_of_file)};
}

std::shared_ptr<keeper> in_memory(std::shared_ptr<const sealer> seal) {
  return std::make_shared<sealed_file>(std::move(seal), std::filesystem::path{});
}

} // namespace o3::secrets
