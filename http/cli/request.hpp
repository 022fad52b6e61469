// Building requests: from a file or from a template's name and -v options. Pure; internal to
// http/cli.
#pragma once
#include "runtime/base/json.hpp"
#include "runtime/base/random.hpp"
#include "runtime/base/result.hpp"

#include <span>
#include <string>
#include <vector>

namespace o3::cli {

/// A template: a document whose `tasks` is a list. (A request's `tasks` is an object.)
bool is_template(const json& doc);

struct request_options {
  std::string ref;                   ///< "": a fresh one
  std::string trace_id;              ///< "": the document's, or the server makes one
  std::vector<std::string> labels{}; ///< key=value; beside those of the document
};

/// A fresh ref: 32 hex digits.
std::string fresh_ref(random_source& r);

/// Puts ref, trace id, labels and -v values (`key=value`, `task.key=value`) into a request; values
/// are read as JSON where they are JSON, else as text. `bad_value` for a -v or label without '=' or
/// key, `wrong_type` where the document is not shaped like a request.
result<json> fill_request(json doc, const request_options& o,
                          std::span<const std::string> variables, random_source& r);
/// A request that runs a template.
json request_for(const std::string& template_ref);
/// A request that brings this template along.
json request_with(json template_document);

} // namespace o3::cli
