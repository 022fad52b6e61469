#include "http/api/problem.hpp"
#include "tests/http/api/fakes.hpp"

#include <set>

using namespace o3;
using namespace o3::api;

TEST_CASE("every fault has a problem document that says status, code, title and detail",
          "[http][api]") {
  const std::set<unsigned> known{400, 401, 403, 404, 405, 409, 413, 415, 422, 429, 431, 500, 503};
  std::size_t walked = 0;
  for (const auto f : all_faults()) {
    const auto code = std::string{fault_code(f)};
    INFO(code);
    const auto r = problem(make_error(f, "What happened to 'x'."), {}, "/api/v1/workflow/");
    REQUIRE(known.count(r.status) == 1);
    const auto j = require_problem(r, r.status, code);
    CHECK(j.at("detail") == "What happened to 'x'.");
    CHECK(j.at("instance") == "/api/v1/workflow/");
    CHECK_FALSE(j.contains("errors"));
    CHECK_FALSE(j.contains("pointer"));
    // Whoever may try again is told when; whoever is not known is told how.
    CHECK((header_of(r, "Retry-After").empty()) == (r.status != 429 && r.status != 503));
    CHECK((header_of(r, "WWW-Authenticate").empty()) == (r.status != 401));
    ++walked;
  }
  CHECK(walked >= 70);
}

TEST_CASE("a fault has the status its meaning asks for", "[http][api]") {
  const std::vector<std::pair<fault, unsigned>> table{
    {fault::json_malformed, 400},
    {fault::json_duplicate_key, 400},
    {fault::bad_request, 400},
    {fault::unknown_filter, 400},
    {fault::bad_value, 400},
    {fault::body_too_large, 413},
    {fault::json_too_large, 413},
    {fault::unsupported_media_type, 415},
    {fault::head_too_large, 431},
    {fault::validation_failed, 422},
    {fault::idempotency_mismatch, 422},
    {fault::unknown_template, 422},
    {fault::not_found, 404},
    {fault::unauthorized, 401},
    {fault::forbidden, 403},
    {fault::method_not_allowed, 405},
    {fault::conflict, 409},
    {fault::workflow_ended, 409},
    {fault::too_many_requests, 429},
    {fault::unavailable, 503},
    {fault::shutting_down, 503},
    {fault::request_timeout, 503},
    {fault::outcome_unknown, 503},
    {fault::storage_full, 503},
    {fault::internal, 500},
    {fault::task_failed, 500},
    {fault::none, 500},
  };
  for (const auto& [f, status] : table) {
    INFO(fault_code(f));
    CHECK(status_of(f).status == status);
  }
}

TEST_CASE("a problem lists every error with pointer and hint", "[http][api]") {
  const std::vector<error> errors{
    make_error(fault::unknown_key, "The key 'delayy' is not known.", "/tasks/0/input/delayy",
               "did you mean 'delay'?"),
    make_error(fault::missing_key, "The key 'class' is missing.", "/tasks/1")};
  const auto j
    = require_problem(problem(make_error(fault::validation_failed, "The request has 2 errors.",
                                         "/tasks", "see errors"),
                              errors),
                      422, "validation_failed");
  CHECK(j.at("title") == "Validation failed");
  CHECK(j.at("pointer") == "/tasks");
  CHECK(j.at("hint") == "see errors");
  CHECK_FALSE(j.contains("instance"));
  CHECK(j.at("errors")
        == json::parse(R"([{"code":"unknown_key","message":"The key 'delayy' is not known.",
             "pointer":"/tasks/0/input/delayy","hint":"did you mean 'delay'?"},
            {"code":"missing_key","message":"The key 'class' is missing.","pointer":"/tasks/1"}])"));
}

TEST_CASE("the instance is a valid URI reference whatever was asked for", "[http][api]") {
  const auto j = body_of(problem(make_error(fault::not_found, "No."), {}, "/a b/\"<%\xC3\xA9/"));
  CHECK(j.at("instance") == "/a%20b/%22%3C%25%C3%A9/");
}

TEST_CASE("the router's own refusals are the same documents", "[http][api]") {
  require_problem(plain_problem(404, "not_found", "There is no such path."), 404, "not_found");
  CHECK(header_of(plain_problem(401, "unauthorized", "No."), "WWW-Authenticate")
        == R"(Bearer realm="o3")");
  CHECK(header_of(plain_problem(503, "shutting_down", "Later."), "Retry-After") == "5");
  CHECK(header_of(plain_problem(503, "some_new_code", "Later."), "Retry-After") == "1");
  stage s;
  require_problem(s.get("/api/v1/nothing/"), 404, "not_found");
  const auto r = s.call(http::method::del, "/api/v1/workflow/submit/");
  require_problem(r, 405, "method_not_allowed");
  CHECK_FALSE(header_of(r, "Allow").empty());
}
