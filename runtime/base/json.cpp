#include "runtime/base/json.hpp"

#include "runtime/base/json_writer.hpp"
#include "runtime/base/text.hpp"
#include "runtime/base/utf8.hpp"

#include <algorithm>
#include <optional>
#include <vector>

namespace o3 {

namespace {

constexpr std::size_t shown_bytes = 300; ///< of a parser's complaint or a number, in a message

/// Builds the document while the parser runs, so that a refusal costs no more than what was read.
/// Open containers are kept on an explicit stack: hostile nesting meets the limit, not the call
/// stack.
class builder final : public nlohmann::json_sax<json> {
public:
  builder(std::string_view text, const limits& lim) : text_(text), lim_(lim) {}

  [[nodiscard]] std::optional<error>& refusal() { return refusal_; }
  json take() { return std::move(root_); }

  bool null() override { return add(nullptr) != nullptr; }
  bool boolean(bool v) override { return add(v) != nullptr; }
  bool number_integer(std::int64_t v) override { return add(v) != nullptr; }
  bool number_unsigned(std::uint64_t v) override { return add(v) != nullptr; }
  bool number_float(double v, const std::string& written) override {
    // The parser turns whole numbers beyond 64 bits into a double, silently losing digits.
    if (written.find_first_of(".eE") == std::string::npos)
      return refuse_number(written);
    return add(v) != nullptr;
  }
  bool string(std::string& v) override { return add(std::move(v)) != nullptr; }
  bool binary(json::binary_t&) override { return refuse(fault::json_malformed, "binary data"); }

  bool start_object(std::size_t) override { return enter(json::value_t::object); }
  bool end_object() override { return leave(); }
  bool start_array(std::size_t) override { return enter(json::value_t::array); }
  bool end_array() override { return leave(); }
  bool key(std::string& k) override;
  bool parse_error(std::size_t position, const std::string& last_token,
                   const json::exception& e) override;

private:
  struct frame {
    json* container;
    json* slot;             ///< object: where the value of the last key goes, until it came
    const std::string* key; ///< object: that key
  };

  template <class Value>
  json* add(Value&& v);
  bool enter(json::value_t kind);
  bool leave();
  bool refuse(fault code, std::string message, std::string hint = {});
  bool refuse_number(std::string_view written);
  [[nodiscard]] std::string pointer() const;
  [[nodiscard]] std::string place(std::size_t position) const;

  std::string_view text_;
  const limits& lim_;
  json root_;
  std::vector<frame> open_;
  std::size_t nodes_ = 0;
  std::optional<error> refusal_;
};

template <class Value>
json* builder::add(Value&& v) {
  if (++nodes_ > lim_.json_nodes) {
    refuse(fault::json_too_large,
           "The document has more than " + std::to_string(lim_.json_nodes) + " values.",
           "split it, or raise limits.json_nodes");
    return nullptr;
  }
  if (open_.empty())
    return &(root_ = json(std::forward<Value>(v)));
  auto& top = open_.back();
  if (top.slot == nullptr)
    return &top.container->get_ptr<json::array_t*>()->emplace_back(std::forward<Value>(v));
  auto* slot = std::exchange(top.slot, nullptr);
  *slot = json(std::forward<Value>(v));
  return slot;
}

bool builder::enter(json::value_t kind) {
  if (open_.size() >= lim_.json_depth)
    return refuse(fault::json_too_deep,
                  "The document is nested deeper than " + std::to_string(lim_.json_depth)
                    + " levels.",
                  "flatten it, or raise limits.json_depth");
  json* container = add(kind);
  if (container == nullptr)
    return false;
  open_.push_back({container, nullptr, nullptr});
  return true;
}

bool builder::leave() {
  open_.pop_back();
  if (!open_.empty())
    open_.back().key = nullptr;
  return true;
}

bool builder::key(std::string& k) {
  auto& top = open_.back();
  const auto [at, added] = top.container->get_ptr<json::object_t*>()->try_emplace(std::move(k));
  top.slot = added ? &at->second : nullptr;
  top.key = &at->first;
  if (added)
    return true;
  return refuse(fault::json_duplicate_key,
                "The key '" + printable(at->first, shown_bytes)
                  + "' stands twice in the same object.",
                "remove one of the two");
}

bool builder::refuse(fault code, std::string message, std::string hint) {
  refusal_ = make_error(code, std::move(message), pointer(), std::move(hint));
  return false;
}

bool builder::refuse_number(std::string_view written) {
  return refuse(fault::json_number_range,
                "The number " + printable(written, 40) + " does not fit into 64 bits.",
                "write it as text if its digits matter");
}

std::string builder::pointer() const {
  std::string out;
  for (const auto& f : open_) {
    if (f.container->is_array()) {
      // Of an outer list the element that is open is there already; of the innermost it comes next.
      const auto size = f.container->size();
      out = pointer_join(out, &f == &open_.back() ? size : size - 1);
    } else if (f.key != nullptr) {
      out = pointer_join(out, *f.key);
    }
  }
  return out;
}

std::string builder::place(std::size_t position) const {
  const auto before = text_.substr(0, position > 0 ? position - 1 : 0);
  const auto line = 1 + std::count(before.begin(), before.end(), '\n');
  const auto line_start = before.rfind('\n') + 1; // npos + 1 is 0
  const auto column
    = 1
      + std::count_if(before.begin() + static_cast<std::ptrdiff_t>(line_start), before.end(),
                      [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; });
  return "line " + std::to_string(line) + ", column " + std::to_string(column);
}

bool builder::parse_error(std::size_t position, const std::string& last_token,
                          const json::exception& e) {
  constexpr int number_overflow = 406; // nlohmann's out_of_range.406
  if (e.id == number_overflow)
    return refuse(fault::json_number_range, "The number " + printable(last_token, 40) + " at "
                                              + place(position) + " is too large.");
  if (const auto bad = first_invalid_utf8(text_.substr(0, position)); bad < position)
    if (first_invalid_utf8(text_) == bad)
      return refuse(fault::json_invalid_utf8,
                    "The document is not valid UTF-8 at " + place(bad + 1) + ".",
                    "save it as UTF-8");
  // "[json.exception.parse_error.101] parse error at line 1, column 2: syntax error while …"
  std::string_view what = e.what();
  if (const auto cut = what.find(": "); cut != std::string_view::npos)
    what.remove_prefix(cut + 2);
  what = what.substr(0, what.find("; last read: ")); // it would quote the text: perhaps a secret
  return refuse(fault::json_malformed, "The document is not JSON at " + place(position) + ": "
                                         + printable(what, shown_bytes) + ".");
}

std::optional<error> refuse_nul(std::string_view text) {
  // nlohmann takes a NUL byte for the end of the text and would accept whatever follows it.
  const auto at = text.find('\0');
  if (at == std::string_view::npos)
    return std::nullopt;
  return make_error(fault::json_malformed,
                    "The document holds a NUL byte at offset " + std::to_string(at) + ".");
}

} // namespace

result<json> parse_json(std::string_view text, const limits& lim) {
  if (text.find_first_not_of(" \t\r\n") == std::string_view::npos)
    return make_error(fault::json_malformed, "The document is empty; JSON was expected.");
  if (auto nul = refuse_nul(text))
    return *std::move(nul);
  builder b{text, lim};
  try {
    if (json::sax_parse(text.begin(), text.end(), &b))
      return b.take();
  } catch (const std::exception& e) {
    return make_error(fault::internal, "Reading the document failed: " + printable(e.what()) + ".");
  }
  if (b.refusal())
    return *std::move(b.refusal());
  return make_error(fault::json_malformed, "The document is not JSON.");
}

std::string canonical(const json& j) {
  std::string out;
  json_writer{out}.value(j);
  return out;
}

std::string pointer_join(std::string_view base, std::string_view key) {
  std::string out;
  out.reserve(base.size() + key.size() + 1);
  out.append(base).append(1, '/');
  for (const char c : key) {
    if (c == '~')
      out += "~0";
    else if (c == '/')
      out += "~1";
    else
      out += c;
  }
  return out;
}

std::string pointer_join(std::string_view base, std::size_t index) {
  return std::string{base}.append(1, '/').append(std::to_string(index));
}

std::string_view type_name(const json& j) {
  switch (j.type()) {
  case json::value_t::object:
    return "object";
  case json::value_t::array:
    return "list";
  case json::value_t::string:
    return "text";
  case json::value_t::boolean:
    return "true/false";
  case json::value_t::number_integer:
  case json::value_t::number_unsigned:
    return "whole number";
  case json::value_t::number_float:
    return "number";
  case json::value_t::null:
  case json::value_t::binary:
  case json::value_t::discarded:
    break;
  }
  return "null";
}

std::string type_phrase(const json& j) {
  const std::string name{type_name(j)};
  if (j.is_object())
    return "an " + name;
  return j.is_array() || j.is_number() ? "a " + name : name;
}

} // namespace o3
