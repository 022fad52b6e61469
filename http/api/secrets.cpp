// /secret/: names of stored secrets and where they may go; values come in and never go out.
#include "http/api/params.hpp"
#include "http/api/problem.hpp"
#include "http/api/reply.hpp"
#include "http/api/rows.hpp"
#include "runtime/base/text.hpp"

namespace o3::api {

namespace {

constexpr std::size_t body_bytes_max = 512 << 10; ///< 64 KiB of value, escaped

/// Never quotes a value: a body that is no document of ours may still hold a secret.
error wrong(std::string pointer, std::string message) {
  return make_error(fault::wrong_type, std::move(message), std::move(pointer));
}

result<std::optional<std::vector<std::string>>> texts(const json& body, const char* name) {
  const auto at = body.find(name);
  if (at == body.end())
    return std::optional<std::vector<std::string>>{};
  std::vector<std::string> list;
  const auto pointer = pointer_join("", name);
  if (!at->is_array())
    return wrong(pointer, std::string{name} + " must be a list of texts");
  for (std::size_t i = 0; i < at->size(); ++i) {
    if (!(*at)[i].is_string())
      return wrong(pointer_join(pointer, i), "it must be text");
    list.push_back((*at)[i].get<std::string>());
  }
  return std::optional{std::move(list)};
}

result<secrets::put_request> read_change(const http::request& r, const limits& lim) {
  secrets::put_request change;
  O3_TRY(auto body, json_body(r, body_bytes_max, lim));
  if (!body.is_object())
    return wrong("", "the body must be an object");
  for (const auto& [name, held] : body.items()) {
    const std::vector<std::string> known{"value", "origins", "templates"};
    if (std::find(known.begin(), known.end(), name) == known.end())
      return make_error(fault::unknown_key, "there is no member '" + printable(name, 64) + "'",
                        pointer_join("", name), nearest_hint(name, known));
  }
  O3_TRY(change.origins, texts(body, "origins"));
  O3_TRY(change.templates, texts(body, "templates"));
  if (const auto at = body.find("value"); at != body.end()) {
    if (!at->is_string())
      return wrong("/value", "the value must be text");
    change.value = secret::consume(at->get_ref<std::string&>());
  }
  change.name = std::string{r.param("name")};
  return change;
}

void list(const context& c, http::request&& r, http::respond_fn respond) {
  auto who = caller_of(r);
  c.ports.secrets.list(std::move(who), reply_to(r, std::move(respond)));
}

void put(const context& c, http::request&& r, http::respond_fn respond) {
  auto change = read_change(r, c.opts->lim);
  wipe(r.body);
  if (!change)
    return respond(problem(change.error(), {}, r.path));
  change->who = caller_of(r);
  c.ports.secrets.put(*std::move(change), reply_to(r, std::move(respond)));
}

void remove(const context& c, http::request&& r, http::respond_fn respond) {
  std::string name{r.param("name")};
  auto who = caller_of(r);
  c.ports.secrets.remove(
    std::move(name), std::move(who),
    [respond = std::move(respond), instance = std::move(r.path)](engine::answer a) {
      auto response = to_response(std::move(a), instance);
      if (response.status == 200 && response.body.empty())
        response.status = 204;
      respond(std::move(response));
    });
}

} // namespace

void add_secret_rows(std::vector<row>& rows, const context& c) {
  rows.push_back(
    {{.verb = http::method::get,
      .path = "/api/v1/secret/",
      .permission = permission::secret_read,
      .summary = "List the stored secrets, without their values",
      .tag = "secret",
      .handle = [c](http::request&& r, http::respond_fn f) { list(c, std::move(r), std::move(f)); },
      .response_schema = schema_ref("SecretList")}});
  rows.push_back(
    {{.verb = http::method::put,
      .path = "/api/v1/secret/{name}/",
      .permission = permission::secret_write,
      .summary = "Store a secret, or change it",
      .tag = "secret",
      .handle = [c](http::request&& r, http::respond_fn f) { put(c, std::move(r), std::move(f)); },
      .request_schema = schema_ref("SecretChange"),
      .response_schema = schema_ref("Secret")},
     "Templates and requests refer to it by ${secret.NAME}. A new value counts from the next "
     "request to a target on.",
     {200},
     {409, 422}});
  rows.push_back({{.verb = http::method::del,
                   .path = "/api/v1/secret/{name}/",
                   .permission = permission::secret_write,
                   .summary = "Remove a secret",
                   .tag = "secret",
                   .handle = [c](http::request&& r,
                                 http::respond_fn f) { remove(c, std::move(r), std::move(f)); }},
                  "Tasks that refer to it fail, or wait for it if they started something already. "
                  "409 if it comes from a file or the environment.",
                  {204},
                  {409}});
}

} // namespace o3::api
