#include "runtime/base/json_writer.hpp"

#include "runtime/base/utf8.hpp"

#include <array>
#include <charconv>
#include <cmath>

namespace o3 {

namespace {

enum class byte_kind : std::uint8_t { clean, escape, multibyte };

constexpr std::array<byte_kind, 256> byte_kinds = [] {
  std::array<byte_kind, 256> table{};
  for (std::size_t b = 0; b < 0x20; ++b)
    table[b] = byte_kind::escape;
  table['"'] = byte_kind::escape;
  table['\\'] = byte_kind::escape;
  for (std::size_t b = 0x80; b < 0x100; ++b)
    table[b] = byte_kind::multibyte;
  return table;
}();

void append_escape(std::string& out, char c) {
  switch (c) {
  case '"':
    out += "\\\"";
    return;
  case '\\':
    out += "\\\\";
    return;
  case '\b':
    out += "\\b";
    return;
  case '\f':
    out += "\\f";
    return;
  case '\n':
    out += "\\n";
    return;
  case '\r':
    out += "\\r";
    return;
  case '\t':
    out += "\\t";
    return;
  default:
    out += c < 0x10 ? "\\u000" : "\\u001";
    out += "0123456789abcdef"[c & 0x0F];
  }
}

template <class Integer>
void append_integer(std::string& out, Integer n) {
  std::array<char, 20> text{}; // "-9223372036854775808" and 2^64-1 both have 20 characters
  const auto end = std::to_chars(text.data(), text.data() + text.size(), n).ptr;
  out.append(text.data(), end);
}

} // namespace

void json_writer::separate() {
  if (pending_)
    pending_ = false;
  else if (!first_)
    out_ += ',';
  first_ = false;
}

json_writer& json_writer::open(char c) {
  separate();
  out_ += c;
  first_ = true;
  return *this;
}

json_writer& json_writer::close(char c) {
  out_ += c;
  first_ = false;
  return *this;
}

void json_writer::quoted(std::string_view text) {
  out_ += '"';
  std::size_t run = 0; // start of what is not copied yet
  std::size_t at = 0;
  auto flush = [&] { out_.append(text.data() + run, at - run); };
  while (at < text.size()) {
    const auto kind = byte_kinds[static_cast<std::uint8_t>(text[at])];
    if (kind == byte_kind::clean) {
      ++at;
      continue;
    }
    std::size_t size = 1;
    if (kind == byte_kind::escape) {
      flush();
      append_escape(out_, text[at]);
    } else {
      const auto c = decode_utf8(text, at);
      if (c.valid) {
        at += c.size;
        continue;
      }
      flush();
      out_ += utf8_replacement;
      size = c.size;
    }
    at += size;
    run = at;
  }
  flush();
  out_ += '"';
}

json_writer& json_writer::key(std::string_view k) {
  separate();
  quoted(k);
  out_ += ':';
  pending_ = true;
  return *this;
}

json_writer& json_writer::value(std::string_view text) {
  separate();
  quoted(text);
  return *this;
}

json_writer& json_writer::value(bool b) {
  return raw(b ? "true" : "false");
}

json_writer& json_writer::value(double d) {
  if (!std::isfinite(d))
    return null();
  separate();
  std::array<char, 32> text{};
  const auto end = std::to_chars(text.data(), text.data() + text.size(), d).ptr;
  const std::string_view shown{text.data(), static_cast<std::size_t>(end - text.data())};
  out_ += shown;
  // "1" would be read back as a whole number.
  if (shown.find_first_of(".e") == std::string_view::npos)
    out_ += ".0";
  return *this;
}

json_writer& json_writer::value(const json& j) {
  switch (j.type()) {
  case json::value_t::object:
    begin_object();
    for (const auto& [k, v] : *j.get_ptr<const json::object_t*>())
      key(k).value(v);
    return end_object();
  case json::value_t::array:
    begin_array();
    for (const auto& v : *j.get_ptr<const json::array_t*>())
      value(v);
    return end_array();
  case json::value_t::string:
    return value(std::string_view{*j.get_ptr<const json::string_t*>()});
  case json::value_t::boolean:
    return value(*j.get_ptr<const json::boolean_t*>());
  case json::value_t::number_integer:
    return integer(*j.get_ptr<const json::number_integer_t*>());
  case json::value_t::number_unsigned:
    return natural(*j.get_ptr<const json::number_unsigned_t*>());
  case json::value_t::number_float:
    return value(*j.get_ptr<const json::number_float_t*>());
  case json::value_t::null:
  case json::value_t::binary: // JSON text has none
  case json::value_t::discarded:
    break;
  }
  return null();
}

json_writer& json_writer::value(const id& i) {
  separate();
  out_ += '"';
  i.append_hex(out_);
  out_ += '"';
  return *this;
}

json_writer& json_writer::time(wall_time t) {
  separate();
  const auto text = rfc3339_chars(t);
  out_ += '"';
  out_.append(text.data(), text.size());
  out_ += '"';
  return *this;
}

json_writer& json_writer::null() {
  return raw("null");
}

json_writer& json_writer::raw(std::string_view json_text) {
  separate();
  out_ += json_text;
  return *this;
}

json_writer& json_writer::integer(std::int64_t n) {
  separate();
  append_integer(out_, n);
  return *this;
}

json_writer& json_writer::natural(std::uint64_t n) {
  separate();
  append_integer(out_, n);
  return *this;
}

} // namespace o3
