// Evaluates values: references, texts, lists and objects. Operators are in operators.cpp.
#include "tasks/declarative/value.hpp"

#include "tasks/declarative/url.hpp"

#include <charconv>

namespace o3::declarative {
namespace {

std::string unescaped(std::string_view step, bool& good) {
  std::string out;
  for (std::size_t i = 0; i < step.size(); ++i) {
    if (step[i] != '~') {
      out += step[i];
      continue;
    }
    ++i;
    good = good && i < step.size() && (step[i] == '0' || step[i] == '1');
    out += i < step.size() && step[i] == '1' ? '/' : '~';
  }
  return out;
}

const json* member(const json& j, std::string_view name) {
  if (!j.is_object())
    return nullptr;
  const auto at = j.find(name);
  return at == j.end() ? nullptr : &*at;
}

std::size_t cost(const json& j) {
  return j.is_string() ? j.get_ref<const std::string&>().size() + 8 : 8;
}

} // namespace

std::optional<std::vector<std::string>> pointer_steps(std::string_view pointer) {
  std::vector<std::string> steps;
  if (pointer.empty())
    return steps;
  if (pointer.front() != '/')
    return std::nullopt;
  bool good = true;
  for (std::size_t i = 1; i <= pointer.size();) {
    const auto end = std::min(pointer.find('/', i), pointer.size());
    steps.push_back(unescaped(pointer.substr(i, end - i), good));
    i = end + 1;
  }
  return good ? std::optional{steps} : std::nullopt;
}

const json* walk(const json& j, const std::vector<std::string>& path) {
  const auto* here = &j;
  for (const auto& step : path) {
    if (here->is_array()) {
      std::size_t index = 0;
      const auto* end = step.data() + step.size();
      const auto [at, problem] = std::from_chars(step.data(), end, index);
      if (problem != std::errc{} || at != end || index >= here->size())
        return nullptr;
      here = &(*here)[index];
    } else {
      here = member(*here, step);
      if (!here)
        return nullptr;
    }
  }
  return here;
}

bool is_empty(const json& j) {
  return j.is_null() || (j.is_structured() && j.empty())
         || (j.is_string() && j.get_ref<const std::string&>().empty());
}

std::optional<double> number_of(const json& j) {
  if (j.is_number())
    return j.get<double>();
  if (!j.is_string())
    return std::nullopt;
  const auto& text = j.get_ref<const std::string&>();
  double d = 0;
  const auto* end = text.data() + text.size();
  const auto [at, problem] = std::from_chars(text.data(), end, d);
  return problem == std::errc{} && at == end && !text.empty() ? std::optional{d} : std::nullopt;
}

std::optional<json> evaluator::fail(std::string what) {
  if (problem_.empty())
    problem_ = std::move(what);
  return std::nullopt;
}

std::optional<json> evaluator::counted(std::optional<json> made) {
  if (made) {
    spent_ += cost(*made);
    if (spent_ > value_bytes_max)
      return fail("a value of more than " + std::to_string(value_bytes_max >> 20)
                  + " MiB would be made");
  }
  return made;
}

const json* evaluator::find(const ref& r) {
  const auto opt = [](const std::optional<json>& j) { return j ? &*j : nullptr; };
  const json* base = nullptr;
  switch (r.root) {
  case root::input:
    base = member(scope_.inputs, r.name);
    break;
  case root::attr:
    base = member(scope_.attributes, r.name);
    break;
  case root::launch:
    base = member(scope_.launch, r.name);
    break;
  case root::external:
    base = member(scope_.external, r.name);
    break;
  case root::task:
    base = member(scope_.task, r.name);
    break;
  case root::target:
    base = member(scope_.target, r.name);
    break;
  case root::let:
    base = member(scope_.lets, r.name);
    break;
  case root::item:
    base = item_;
    break;
  case root::key:
    base = key_;
    break;
  case root::row:
    base = opt(scope_.row);
    break;
  case root::ids:
    base = opt(scope_.ids);
    break;
  case root::state:
    base = opt(scope_.state);
    break;
  case root::error:
    base = opt(scope_.error);
    break;
  case root::answer:
  case root::status:
  case root::header:
  case root::body: {
    const auto at = scope_.replies.find(r.name);
    if (at == scope_.replies.end())
      return nullptr;
    const auto& reply = at->second;
    if (r.root == root::answer)
      base = reply.is_json ? &reply.body : nullptr;
    else if (r.root == root::header)
      base = &reply.headers;
    else {
      made_ = r.root == root::status ? json(reply.status) : json(reply.bytes);
      base = &made_;
    }
    break;
  }
  }
  return base ? walk(*base, r.path) : nullptr;
}

std::optional<json> evaluator::eval(const value& v) {
  if (!ok())
    return std::nullopt;
  switch (v.what) {
  case value::kind::literal:
    return counted(v.literal);
  case value::kind::reference: {
    const auto* found = find(v.reference);
    return found ? counted(*found) : std::nullopt;
  }
  case value::kind::text:
    return counted(interpolate(v));
  case value::kind::list:
    return list(v);
  case value::kind::object:
    return object(v);
  case value::kind::operation:
    return counted(operate(v));
  }
  return std::nullopt;
}

std::optional<json> evaluator::interpolate(const value& v) {
  std::string text;
  for (const auto& part : v.parts) {
    if (part.what == value::kind::literal) {
      text += part.literal.get_ref<const std::string&>();
      continue;
    }
    const auto* found = find(part.reference);
    if ((!found || found->is_null()) && manner_ == manner::strict)
      return fail(part.reference.text + " is not there");
    if (found && !found->is_null())
      text += found->is_string() ? found->get_ref<const std::string&>() : canonical(*found);
  }
  return text;
}

std::optional<json> evaluator::list(const value& v) {
  auto out = json::array();
  for (const auto& part : v.parts)
    if (auto item = eval(part))
      out.push_back(std::move(*item));
  return out;
}

std::optional<json> evaluator::object(const value& v) {
  auto out = json::object();
  for (std::size_t i = 0; i < v.parts.size(); ++i)
    if (auto item = eval(v.parts[i]))
      out[v.keys[i]] = std::move(*item);
  return out;
}

std::string evaluator::text(const value& v) {
  auto made = eval(v);
  if (!made || made->is_null())
    return {};
  return made->is_string() ? made->get<std::string>() : canonical(*made);
}

std::string evaluator::path(const value& v) {
  const auto piece = [this](const value& part) {
    auto text = this->text(part);
    if (text.empty() || text == "." || text == "..")
      fail((part.what == value::kind::reference ? part.reference.text : "a part")
           + " cannot be a part of a path");
    return percent_encoded(text);
  };
  if (v.what == value::kind::literal)
    return text(v);
  if (v.what != value::kind::text)
    return piece(v);
  std::string out;
  for (const auto& part : v.parts)
    out += part.what == value::kind::literal ? part.literal.get<std::string>() : piece(part);
  return out;
}

} // namespace o3::declarative
