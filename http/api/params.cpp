#include "http/api/params.hpp"

#include "runtime/base/text.hpp"

#include <algorithm>
#include <charconv>

namespace o3::api {

namespace {

std::string in_quotes(std::string_view text) {
  return "'" + printable(text, 128) + "'";
}

bool is_list(const http::parameter& p) {
  return p.schema.is_object() && p.schema.value("type", "") == "array";
}

std::string joined(const std::vector<std::string>& names) {
  std::string out;
  for (const auto& name : names)
    out += (out.empty() ? "" : ", ") + name;
  return out;
}

std::string lower(std::string_view text) {
  std::string out{text};
  for (char& c : out)
    if (c >= 'A' && c <= 'Z')
      c = static_cast<char>(c - 'A' + 'a');
  return out;
}

std::string_view trimmed(std::string_view t) {
  const auto first = t.find_first_not_of(" \t");
  return first == std::string_view::npos ? std::string_view{}
                                         : t.substr(first, t.find_last_not_of(" \t") - first + 1);
}

error bad_value(std::string_view name, std::string_view value, std::string_view expected) {
  return make_error(fault::bad_value, "The query parameter " + in_quotes(name) + " is "
                                        + in_quotes(value) + "; it must be " + std::string{expected}
                                        + ".");
}

} // namespace

std::optional<error> check_query(const http::request& r, std::span<const http::parameter> known) {
  for (auto it = r.query.begin(); it != r.query.end(); ++it) {
    const auto& name = it->first;
    const auto p = std::find_if(known.begin(), known.end(),
                                [&](const auto& k) { return k.in == "query" && k.name == name; });
    if (p == known.end()) {
      std::vector<std::string> names;
      for (const auto& k : known)
        if (k.in == "query")
          names.push_back(k.name);
      auto hint = names.empty() ? std::string{"this route takes none"} : nearest_hint(name, names);
      // A route has few parameters: all of them can be named.
      if (hint.empty())
        hint = "known: " + joined(names);
      return make_error(fault::unknown_filter,
                        "The query parameter " + in_quotes(name) + " is not known here.", {},
                        std::move(hint));
    }
    if (!is_list(*p)
        && std::any_of(r.query.begin(), it, [&](const auto& q) { return q.first == name; }))
      return make_error(fault::bad_value,
                        "The query parameter " + in_quotes(name) + " is given more than once.");
  }
  return std::nullopt;
}

result<bool> query_flag(const http::request& r, std::string_view name, bool otherwise) {
  const auto text = r.query_value(name);
  if (!text)
    return otherwise;
  if (*text == "true" || *text == "1")
    return true;
  if (*text == "false" || *text == "0")
    return false;
  return bad_value(name, *text, "'true', '1', 'false' or '0'");
}

result<std::uint64_t> query_number(const http::request& r, std::string_view name, std::uint64_t min,
                                   std::uint64_t max, std::uint64_t otherwise) {
  const auto text = r.query_value(name);
  if (!text)
    return otherwise;
  std::uint64_t n = 0;
  const auto* end = text->data() + text->size();
  const auto [stop, failed] = std::from_chars(text->data(), end, n);
  if (failed != std::errc{} || stop != end || n < min || n > max)
    return bad_value(name, *text,
                     "a whole number from " + std::to_string(min) + " to " + std::to_string(max));
  return n;
}

result<std::optional<std::string>> query_text(const http::request& r, std::string_view name,
                                              std::size_t bytes_max) {
  auto text = r.query_value(name);
  if (text && (text->empty() || text->size() > bytes_max || !is_valid_utf8(*text)))
    return bad_value(name, *text, "UTF-8 text of 1 to " + std::to_string(bytes_max) + " bytes");
  return text;
}

result<id> path_id(const http::request& r) {
  const auto text = r.param("id");
  if (const auto parsed = id::parse(text))
    return *parsed;
  return make_error(fault::not_found, "There is no workflow " + in_quotes(text) + ".", {},
                    "a workflow id is 32 hexadecimal digits");
}

result<asked_revision> read_revision(const http::request& r) {
  const auto text = r.param("n");
  asked_revision asked;
  const auto [end, bad] = std::from_chars(text.data(), text.data() + text.size(), asked.number);
  if (bad != std::errc{} || end != text.data() + text.size() || asked.number == 0)
    return make_error(fault::not_found, "There is no revision '" + printable(text, 32) + "'.");
  O3_TRY(const auto against, query_number(r, "diff", 1, UINT32_MAX, 0));
  if (against != 0)
    asked.against = static_cast<std::uint32_t>(against);
  return asked;
}

std::optional<error> check_json_type(const http::request& r) {
  if (const auto coding = r.header("content-encoding"); !coding.empty() && coding != "identity")
    return make_error(fault::unsupported_media_type,
                      "The body has Content-Encoding '" + printable(coding, 64) + "'", "",
                      "send it uncompressed");
  const auto value = r.header("content-type");
  const auto semicolon = value.find(';');
  bool good = lower(trimmed(value.substr(0, semicolon))) == "application/json";
  if (good && semicolon != std::string_view::npos) {
    const auto parameter = lower(trimmed(value.substr(semicolon + 1)));
    good = parameter.empty() || parameter == "charset=utf-8" || parameter == "charset=\"utf-8\"";
  }
  if (good)
    return std::nullopt;
  return make_error(fault::unsupported_media_type,
                    value.empty() ? "The request has a body but no Content-Type."
                                  : "The body's Content-Type is " + in_quotes(value) + ".",
                    {}, "send 'Content-Type: application/json'");
}

result<json> json_body(const http::request& r, std::size_t bytes_max, const limits& lim) {
  if (auto refusal = check_json_type(r))
    return std::move(*refusal);
  if (r.body.size() > bytes_max)
    return make_error(fault::body_too_large, "The body has " + std::to_string(r.body.size())
                                               + " bytes; the limit is " + std::to_string(bytes_max)
                                               + ".");
  return parse_json(r.body, lim);
}

result<std::string> idempotency_key(const http::request& r) {
  const std::string* found = nullptr;
  for (const auto& [name, value] : r.headers) {
    if (name != "idempotency-key")
      continue;
    if (found != nullptr)
      return make_error(fault::bad_request,
                        "The request carries more than one Idempotency-Key header.");
    found = &value;
  }
  if (found == nullptr)
    return std::string{};
  if (!is_label(*found))
    return make_error(fault::bad_request, "The Idempotency-Key header is " + in_quotes(*found)
                                            + "; it must be 1 to 128 printable ASCII characters.");
  return *found;
}

result<std::string> read_reason(const http::request& r, const limits& lim) {
  if (r.body.empty())
    return std::string{};
  O3_TRY(const auto body, json_body(r, lim.request_bytes, lim));
  if (!body.is_object())
    return make_error(fault::wrong_type,
                      "The body must be an object, not a " + std::string{type_name(body)} + ".");
  std::string reason;
  for (const auto& [key, value] : body.items()) {
    if (key != "reason")
      return make_error(fault::unknown_key,
                        "The key '" + printable(key, 64) + "' is not known here.",
                        pointer_join("", key), "the body is {\"reason\": text}");
    if (!value.is_string())
      return make_error(fault::wrong_type,
                        "'reason' must be text, not a " + std::string{type_name(value)} + ".",
                        "/reason");
    reason = value.get_ref<const std::string&>();
    if (reason.size() > lim.text_bytes)
      return make_error(fault::too_large,
                        "'reason' has " + std::to_string(reason.size()) + " bytes; the limit is "
                          + std::to_string(lim.text_bytes) + ".",
                        "/reason");
  }
  return reason;
}

} // namespace o3::api
