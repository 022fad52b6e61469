// Named secrets: who keeps them, who may use them, and where they may go. A value leaves this
// interface only as a `secret`, for the one place that sends it; nothing here can show it.
//
// A secret belongs to a project, names the origins ("https://awx.example:443") it may be sent to
// and the templates that may use it; "*" as origin is any, no template is all. Threads: all classes
// may be used from any thread; `open` of a file source and changes of a keeper block on the file
// system.
#pragma once
#include "runtime/base/clock.hpp"
#include "runtime/base/json.hpp"
#include "runtime/base/result.hpp"
#include "runtime/base/secret.hpp"

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace o3::secrets {

inline constexpr std::string_view default_project = "default";
inline constexpr std::string_view any_origin = "*";
inline constexpr std::size_t value_bytes_max = 64 << 10;
inline constexpr std::size_t list_max = 64; ///< origins or templates of one secret

/// Everything but the value.
struct entry {
  std::string name;
  std::string project{default_project};
  std::vector<std::string> origins; ///< none: it may go nowhere
  std::vector<std::string> templates;
  std::string source; ///< "stored", "file" or "environment"
  std::optional<wall_time> created, updated;

  [[nodiscard]] bool may_go(std::string_view origin) const;
  [[nodiscard]] bool may_serve(std::string_view template_ref) const;
};
/// {name, project, source, origins[], templates[], created_at, updated_at}
json to_json(const entry& e);

struct held {
  entry about;
  secret value;
};

class source {
public:
  virtual ~source() = default;
  [[nodiscard]] virtual std::vector<entry> list() const = 0; ///< of all projects, by name
  [[nodiscard]] virtual std::optional<entry> find(std::string_view project,
                                                  std::string_view name) const = 0;
  /// `not_found`, or `secret_unreadable` with what to do.
  [[nodiscard]] virtual result<held> open(std::string_view project,
                                          std::string_view name) const = 0;
};

/// A source that can be changed.
class keeper : public source {
public:
  /// Durable when it returns. Replaces what had this name in this project; `created` stays.
  virtual result<entry> put(entry e, secret value, wall_time now) = 0;
  virtual result<done> remove(std::string_view project, std::string_view name) = 0; ///< not_found
};

/// What a caller wants to change. Absent lists keep what a known secret has.
struct change {
  std::string project{default_project};
  std::string name;
  std::optional<secret> value;
  std::optional<std::vector<std::string>> origins; ///< URLs; kept as origins
  std::optional<std::vector<std::string>> templates;
};

/// The origin of a URL as the client that sends would read it; `bad_value`.
using origin_reader = std::function<result<std::string>(std::string_view url)>;

/// All sources of a node as one, the first that has a name wins.
class credentials {
public:
  /// `own` may be null: then nothing can be changed. `warnings` of sources are the caller's to
  /// tell.
  credentials(std::shared_ptr<keeper> own, std::vector<std::shared_ptr<const source>> others,
              origin_reader origin);

  [[nodiscard]] std::vector<entry> list(std::string_view project) const;
  [[nodiscard]] std::optional<entry> find(std::string_view project, std::string_view name) const;
  /// For a task of `template_ref`: `not_found`, `forbidden` or `secret_unreadable`.
  [[nodiscard]] result<held> open(std::string_view project, std::string_view name,
                                  std::string_view template_ref) const;
  [[nodiscard]] result<std::string> origin_of(std::string_view url) const { return origin_(url); }

  /// Checks and stores. Problems: validation errors in `found` (pointers into the request's body),
  /// `conflict` (another source has this name), or the keeper's.
  result<entry> put(change c, wall_time now, findings& found);
  /// `not_found`, or `conflict` if another source has it.
  result<done> remove(std::string_view project, std::string_view name);

private:
  [[nodiscard]] const source* owner(std::string_view project, std::string_view name) const;
  void check(change& c, const std::optional<entry>& had, findings& found) const;

  std::shared_ptr<keeper> own_;
  std::vector<std::shared_ptr<const source>> others_;
  origin_reader origin_;
};

/// What is wrong with a value; empty if nothing: 1 byte to 64 KiB of UTF-8 without NUL.
std::string value_problem(std::string_view plain);

} // namespace o3::secrets
