// Reads the pieces of a class document: steps, rows, sections. Private to this folder.
// Threads: one owner, on the stack of one reading.
#pragma once
#include "runtime/template/object_reader.hpp"
#include "tasks/declarative/document.hpp"

namespace o3::declarative {

inline constexpr int format_version = 1;

/// Every name the document declares or sets, so that references can be checked.
known_names names_of(const json& doc, const task_class& about, const helper_set& helpers);

class parts_reader {
public:
  parts_reader(const known_names& names, reporter& out) : names_(names), out_(out) {}

  void read_sections(object_reader& top, document& d);

private:
  using keys = std::span<const std::string_view>;

  value val(const json& doc, const place& at) { return compile_value(doc, at, names_, out_); }
  std::optional<value> maybe(object_reader& r, const place& at, std::string_view key);
  value needed(object_reader& r, const place& at, std::string_view key);
  std::optional<condition> maybe_condition(object_reader& r, const place& at, std::string_view key);
  named_values named(object_reader& r, const place& at, std::string_view key);
  status_ranges statuses(object_reader& r, const place& at, std::string_view key);
  void status_range(const json& entry, const place& at, status_ranges& ranges);
  std::optional<fault> code(object_reader& r, const place& at);

  step_spec step(const json& doc, const place& at);
  void step_request(object_reader& r, const place& at, step_spec& s);
  std::vector<step_spec> steps(object_reader& r, const place& at, std::string_view key = "steps");
  std::optional<step_spec> one_step(object_reader& r, const place& at, std::string_view key,
                                    std::string_view name, bool required = false);
  std::vector<error_row> error_rows(object_reader& r, const place& at, std::string_view key);
  std::vector<refuse_row> refuse_rows(object_reader& r, const place& at);
  std::optional<again_spec> again(object_reader& r, const place& at);

  template <class Read>
  void each(object_reader& r, const place& at, std::string_view key, Read&& read) {
    const place here{at, key};
    if (const auto* doc = r.list(key))
      for (std::size_t i = 0; i < doc->size(); ++i)
        read((*doc)[i], place{here, i});
  }
  template <class Section, class Read>
  void section(object_reader& top, std::string_view key, std::optional<Section>& to, keys allowed,
               Read&& read);

  void preflight(object_reader& r, const place& at, preflight_section& s);
  void send(object_reader& r, const place& at, send_section& s);
  void search(object_reader& r, const place& at, search_section& s);
  list_section list(const json& doc, const place& at);
  void watch(object_reader& r, const place& at, watch_section& s);
  void states(object_reader& r, const place& at, watch_section& s);
  std::string state_word(const json& word, const place& at, bool ended);
  void batch(object_reader& r, const place& at, watch_section& s);
  void log(object_reader& r, const place& at, log_section& s);
  void failures(object_reader& top, document& d);
  void target(object_reader& r, const place& at, target_section& s);

  const known_names& names_;
  reporter& out_;
};

} // namespace o3::declarative
