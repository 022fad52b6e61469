// What workflows can be found by: the same words as query parameters of the list and as members of
// a bulk request's `filter`. One row each. Errors: bad_value, unknown_key, wrong_type, naming the
// filter. Threads: pure functions. Internal to http/api.
#pragma once
#include "http/core/router.hpp"
#include "runtime/base/json.hpp"
#include "runtime/base/result.hpp"
#include "runtime/store/journal.hpp"

#include <string>
#include <vector>

namespace o3::api {

std::vector<http::parameter> filter_parameters();
/// JSON Schema of an object with these filters.
json filter_schema();

/// Other parameters of the query are passed over.
result<store::list_filter> read_filter(const http::request& r);
/// Members are texts; `state` and `label` may be lists of texts, `label` an object as well.
/// Pointers in errors begin with `pointer`.
result<store::list_filter> read_filter(const json& given, const std::string& pointer);

/// ?sort=
http::parameter sort_parameter();
result<store::list_order> read_sort(const http::request& r);

} // namespace o3::api
