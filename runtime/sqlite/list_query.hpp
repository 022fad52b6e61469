// The SQL of one list: which rows are looked at and in which order, and which of them fit. Internal
// to runtime/sqlite. Threads: values.
#pragma once
#include "runtime/sqlite/connection.hpp"

#include <string>
#include <variant>
#include <vector>

namespace o3::store::sqlite {

/// Looks at rows after `after`, at most ?1 of all that it may look at, so that a filter that fits
/// nothing costs no more than one that fits all. The columns: id, whether it fits, name, ended_at.
/// Only fixed names stand in the text, every value is a parameter.
class list_query {
public:
  /// `by_state`: only rows of the state given to bind(), by its index. An order by end never is:
  /// its states are part of what fits.
  list_query(const list_filter& f, const std::optional<list_place>& after, bool by_state);

  [[nodiscard]] const std::string& text() const { return text_; }
  /// This must live until `s` has run.
  void bind(statement& s, std::uint64_t scan_max, std::optional<int> state) const;

private:
  using value = std::variant<std::int64_t, std::string, id>;
  std::string mark(value v); ///< a new parameter
  void add_fits(const list_filter& f);
  void add_texts(const std::string& q);
  void add_place(const list_filter& f, const std::optional<list_place>& after);
  void add_trace(const std::string& trace_id);

  bool by_state_;
  std::vector<value> values_; ///< from ?3 on
  std::string fits_ = "1";
  std::string where_;
  std::string text_;
};

} // namespace o3::store::sqlite
