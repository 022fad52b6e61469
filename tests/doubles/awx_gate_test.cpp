// The gate of the AWX double: who is let in, with which bytes, and what lists answer.
#include "tests/doubles/awx_stand.hpp"

using namespace o3;
using namespace o3::test;

TEST_CASE("awx: without credentials every path but ping is 401 with the documented answer") {
  awx_stand s;
  for (const char* path : {"/api/v2/me/", "/api/v2/jobs/", "/api/v2/job_templates/10/launch/"}) {
    const auto r = s.as("").get(path);
    CHECK(r.status == 401);
    CHECK(r.body["detail"]
          == "Authentication credentials were not provided. To establish a login session, visit "
             "/api/login/.");
    CHECK(r.headers.at("www-authenticate")
          == "Bearer realm=api authorization_url=/api/o/authorize/");
    CHECK(r.headers.count("x-api-product-version") == 0);
    CHECK(r.headers.at("x-api-product-name") == "AWX");
  }
  CHECK(s.as("nobody").get("/api/v2/me/").status == 401);
  const auto ping = s.as("").get("/api/v2/ping/");
  CHECK(ping.status == 200);
  CHECK(ping.body.contains("install_uuid"));
  CHECK(ping.headers.count("date") == 1);
}

TEST_CASE("awx: answers carry the X-API headers, the version only for those who are known") {
  awx_stand s;
  const auto r = s.op().get("/api/v2/me/");
  CHECK(r.status == 200);
  CHECK(r.body["results"][0]["username"] == "operator");
  CHECK(r.headers.at("x-api-product-version") == "24.6.1");
  CHECK(r.headers.count("x-api-node") == 1);
  CHECK(r.headers.at("x-api-time").back() == 's');
}

TEST_CASE("awx: basic authentication works, with the right password") {
  awx_stand s;
  const auto with = [&](const std::string& pair) {
    return send_raw(s.sim->port(),
                    request_text("GET", "/api/v2/me/",
                                 "Authorization: Basic " + doubles::to_base64(pair) + "\r\n", ""));
  };
  CHECK(with("operator:operator-password").status == 200);
  CHECK(with("operator:wrong").status == 401);
  CHECK(with("operator").status == 401);
}

TEST_CASE("awx: a missing slash is redirected, and nothing is launched by it") {
  awx_stand s;
  const auto r = s.op().post("/api/v2/job_templates/10/launch?x=1");
  CHECK(r.status == 301);
  CHECK(r.headers.at("location") == "/api/v2/job_templates/10/launch/?x=1");
  CHECK(s.sim->ledger().empty());
  CHECK(s.op().get("/api/v2/nothing").status == 404);
}

TEST_CASE("awx: unknown paths are 404, wrong methods 405, wrong content types 415") {
  awx_stand s;
  CHECK(s.op().get("/api/v2/nothing/").body["detail"] == "Not found.");
  CHECK(s.op().get("/api/v1/ping/").status == 404);
  const auto wrong = s.op().send("PUT", launch_url(plain));
  CHECK(wrong.status == 405);
  CHECK(wrong.body["detail"] == "Method \"PUT\" not allowed.");
  CHECK(wrong.headers.at("allow") == "GET, POST");
  const auto form
    = send_raw(s.sim->port(), request_text("POST", launch_url(plain),
                                           s.op().auth() + "Content-Type: text/plain\r\n", "{}"));
  CHECK(form.status == 415);
  const auto none
    = send_raw(s.sim->port(), request_text("POST", launch_url(plain), s.op().auth(), "{}"));
  CHECK(none.status == 415);
  CHECK(s.sim->ledger().empty());
}

TEST_CASE("awx: malformed JSON is 400 with detail") {
  awx_stand s;
  for (const char* body : {"{", "[]", "1"}) {
    const auto r = send_raw(
      s.sim->port(), request_text("POST", launch_url(plain),
                                  s.op().auth() + "Content-Type: application/json\r\n", body));
    CHECK(r.status == 400);
    CHECK(r.body["detail"].get<std::string>().rfind("JSON parse error", 0) == 0);
  }
}

TEST_CASE("awx: a read token reads and cannot post") {
  awx_stand s;
  const probe reader(s.sim->port(), "awx-read-token", "application/json");
  CHECK(reader.get("/api/v2/me/").status == 200);
  CHECK(reader.post(launch_url(plain)).status == 403);
}

TEST_CASE("awx: a token is made with basic or bearer, shown once, and works") {
  awx_stand s;
  const auto made = s.op().post(
    "/api/v2/tokens/", {{"description", "o3"}, {"application", nullptr}, {"scope", "write"}});
  REQUIRE(made.status == 201);
  const probe fresh(s.sim->port(), made.body["token"], "application/json");
  CHECK(fresh.get("/api/v2/me/").body["results"][0]["username"] == "operator");
  const auto listed = s.op().get("/api/v2/tokens/");
  for (const auto& row : listed.body["results"])
    CHECK(row["token"] == "************");
  CHECK(s.op().post("/api/v2/tokens/", {{"scope", "all"}}).status == 400);
  CHECK(s.op().post("/api/v2/users/1/personal_tokens/", {{"scope", "write"}}).status == 403);
}

TEST_CASE("awx: who may not read gets 403 by number and 404 by name") {
  awx_stand s;
  CHECK(s.as("outsider").get(launch_url(plain)).status == 403);
  CHECK(s.as("outsider").get("/api/v2/job_templates/plain++Default/launch/").status == 404);
  CHECK(s.as("auditor").get(launch_url(plain)).status == 200);
  CHECK(s.as("auditor").post(launch_url(plain)).status == 403);
  CHECK(s.op().get("/api/v2/job_templates/999/launch/").status == 404);
  CHECK(s.as("outsider").get("/api/v2/job_templates/").body["count"] == 0);
}

TEST_CASE("awx: lists come in pages of 25, at most 200, with relative links") {
  awx_stand s;
  for (int i = 0; i < 30; ++i)
    s.launch(simultaneous);
  const auto first = s.op().get("/api/v2/jobs/?order_by=id").body;
  CHECK(first["count"] == 30);
  CHECK(first["results"].size() == 25);
  CHECK(first["previous"].is_null());
  const auto next = first["next"].get<std::string>();
  CHECK(next == "/api/v2/jobs/?order_by=id&page=2");
  const auto second = s.op().get(next).body;
  CHECK(second["results"].size() == 5);
  CHECK(second["next"].is_null());
  CHECK(second["results"][0]["id"] == first["results"][24]["id"].get<int>() + 1);
  CHECK(s.op().get("/api/v2/jobs/?page_size=1000").body["results"].size() == 30);
  const auto past = s.op().get("/api/v2/jobs/?page=3");
  CHECK(past.status == 404);
  CHECK(past.body["detail"] == "Invalid page.");
  const auto bare = s.op().get("/api/v2/jobs/?count_disabled=1").body;
  CHECK(bare.size() == 1);
  CHECK(bare.contains("results"));
}

TEST_CASE("awx: page sizes over 200 are capped without a word") {
  awx_stand s;
  for (int i = 0; i < 205; ++i)
    s.launch(simultaneous);
  CHECK(s.op().get("/api/v2/jobs/?page_size=1000").body["results"].size() == 200);
}

TEST_CASE("awx: filters know columns, relations and lookups, and refuse the rest") {
  awx_stand s;
  const auto one = s.launch(simultaneous, {{"extra_vars", {{"a", 1}}}});
  s.pass(millis{3000});
  const auto two = s.launch(simultaneous);
  const auto ids = [&](const std::string& query) {
    const auto r = s.op().get("/api/v2/jobs/?" + query);
    INFO(query << " " << r.text);
    REQUIRE(r.status == 200);
    std::vector<std::int64_t> out;
    for (const auto& row : r.body["results"])
      out.push_back(row["id"]);
    return out;
  };
  using found = std::vector<std::int64_t>;
  CHECK(ids("status=successful") == found{one});
  CHECK(ids("not__status=successful") == found{two});
  CHECK(ids("or__id=" + std::to_string(one) + "&or__id=" + std::to_string(two)).size() == 2);
  CHECK(ids("id__in=" + std::to_string(two) + ",99999") == found{two});
  CHECK(ids("id__gt=" + std::to_string(one)) == found{two});
  CHECK(ids("name__istartswith=SIMUL").size() == 2);
  CHECK(ids("name__regex=%5Esim.*ous%24").size() == 2);
  CHECK(ids("finished__isnull=true") == found{two});
  CHECK(ids("created_by__username=operator&launch_type=manual").size() == 2);
  CHECK(ids("created_by__username=admin").empty());
  CHECK(ids("job_template__name__contains=simul").size() == 2);
  CHECK(ids("order_by=-id") == found{two, one});
  CHECK(ids("search=simul").size() == 2);
  const auto since = s.job(two)["created"].get<std::string>();
  CHECK(ids("created__gte=" + since) == found{two});
  const auto refused
    = [&](const std::string& query) { return s.op().get("/api/v2/jobs/?" + query).status; };
  CHECK(refused("nothing=1") == 400);
  CHECK(refused("id=abc") == 400);
  CHECK(refused("id__in=") == 400);
  CHECK(refused("created__gte=yesterday") == 400);
  CHECK(refused("order_by=nothing") == 400);
  CHECK(refused("name__regex=%5B") == 400);
  for (const char* property : {"launched_by", "artifacts", "can_cancel", "url"})
    CHECK(refused(std::string(property) + "=1") == 400);
}

TEST_CASE("awx: an empty id__in says so") {
  awx_stand s;
  CHECK(s.op().get("/api/v2/unified_jobs/?id__in=").body["detail"]
        == "cannot provide empty value for __in");
}

TEST_CASE("awx: filtering on extra_vars is forbidden, with any lookup") {
  awx_stand s;
  s.launch(plain, {{"extra_vars", {{"o3_request", "abc"}}}});
  for (const char* query : {"extra_vars=x", "extra_vars__contains=abc", "extra_vars__regex=abc",
                            "not__extra_vars__icontains=abc", "job__extra_vars=x"}) {
    const auto r = s.op().get(std::string("/api/v2/unified_jobs/?") + query);
    CHECK(r.status == 403);
    CHECK(r.body["detail"] == "Filtering on extra_vars is not allowed.");
  }
  CHECK(s.op().get("/api/v2/jobs/?job_env=1").status == 403);
}

TEST_CASE("awx: unified_jobs is filtered by kind and by common columns only") {
  awx_stand s;
  const auto job = s.launch(plain);
  const auto update = s.op().post("/api/v2/projects/1/update/");
  REQUIRE(update.status == 202);
  const auto ids = std::to_string(job) + "," + std::to_string(update.body["id"].get<int>());
  const auto both = s.op().get("/api/v2/unified_jobs/?id__in=" + ids + "&page_size=200").body;
  CHECK(both["count"] == 2);
  CHECK(s.op().get("/api/v2/unified_jobs/?type=job").body["count"] == 1);
  CHECK(s.op().get("/api/v2/unified_jobs/?type=job,project_update").body["count"] == 2);
  CHECK(s.op().get("/api/v2/unified_jobs/?job_tags=x").status == 400);
  CHECK(s.op().get("/api/v2/unified_jobs/?job__job_tags=x").status == 200);
}

TEST_CASE("awx: the prefix of the API can be another") {
  auto o = awx_options();
  o.prefix = "/api/controller/v2";
  awx_stand s(o);
  CHECK(s.op().get("/api/v2/me/").status == 404);
  CHECK(s.op().get("/api/controller/v2/me/").status == 200);
  const auto r = s.op().post("/api/controller/v2/job_templates/10/launch/");
  CHECK(r.headers.at("location").rfind("/api/controller/v2/jobs/", 0) == 0);
}
