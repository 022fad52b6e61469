// Steps that need code: pure functions a document calls by name with {"$helper": NAME, …}.
// A helper gets the other members of that object, evaluated, and returns a value; bytes travel as
// JSON texts that need not be UTF-8. Errors are told to people: they never repeat a secret.
// Threads: helpers are called concurrently and keep no state.
#pragma once
#include "runtime/base/json.hpp"
#include "runtime/base/result.hpp"

#include <functional>
#include <map>
#include <string>
#include <string_view>

namespace o3::declarative {

using helper_code = std::function<result<json>(const json& arguments)>;

struct helper_set {
  std::map<std::string, helper_code, std::less<>> by_name;
  [[nodiscard]] const helper_code* find(std::string_view name) const {
    const auto at = by_name.find(name);
    return at == by_name.end() ? nullptr : &at->second;
  }
};

/// What every document may call:
///   in_order         {"items", "by", "after", "all"}: the items in order of the number at the
///                    pointer `by`, those up to `after` left out, and unless `all` only as far as
///                    no number is missing -> {"items", "last"}
///   unsafe_variables {"variables"}: names that Ansible would obey and texts it would expand
///                    -> ["ansible_host", "greeting: holds '{{'"]
///   plain_text       {"text"}: without ANSI colours, carriage returns resolved -> text
const helper_set& standard_helpers();

/// What `plain_text` does.
std::string without_colours(std::string_view text);

} // namespace o3::declarative
