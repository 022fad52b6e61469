// References, operators, conditions, URLs and helpers.
#include "tasks/declarative/answers.hpp"
#include "tasks/declarative/helpers.hpp"
#include "tasks/declarative/url.hpp"
#include "tasks/declarative/value.hpp"
#include "tests/harness/catch.hpp"

using namespace o3;
using namespace o3::declarative;

namespace {

known_names names() {
  known_names n;
  n.inputs = {"a", "list", "text", "absent", "obj", "n"};
  n.attributes = {"x"};
  n.steps = {"s"};
  n.lets = {"l"};
  n.helpers = {"in_order", "plain_text", "unsafe_variables", "broken"};
  return n;
}

scope known() {
  static const helper_set helpers = [] {
    auto h = standard_helpers();
    h.by_name["broken"]
      = [](const json&) -> result<json> { return make_error(fault::bad_value, "it is broken"); };
    return h;
  }();
  scope s;
  s.inputs = {{"a", 5},
              {"list", {1, 2}},
              {"text", "${input.a} {{"},
              {"obj", {{"k/1", {{"~", true}}}}},
              {"n", nullptr}};
  s.attributes = {{"x", "seven"}};
  s.lets = {{"l", {"p", "q"}}};
  s.replies["s"] = reply{.status = 201,
                         .headers = {{"location", "/x"}},
                         .bytes = "{\"id\": 3}",
                         .body = {{"id", 3}},
                         .is_json = true};
  s.helpers = &helpers;
  return s;
}

struct made {
  std::optional<json> v;
  std::string problem;
};

made make(const json& doc, evaluator::manner m = evaluator::manner::strict) {
  findings found;
  const auto n = names();
  value v;
  {
    reporter out{found, limits{}};
    v = compile_value(doc, place{}, n, out);
  }
  for (const auto& e : found.errors)
    UNSCOPED_INFO(e.pointer << ": " << e.message);
  REQUIRE(found.ok());
  const auto s = known();
  evaluator e{s, m};
  auto result = e.eval(v);
  return {std::move(result), e.problem()};
}

json eval(const json& doc) {
  auto m = make(doc);
  INFO(m.problem);
  REQUIRE(m.problem.empty());
  return m.v ? *m.v : json("(absent)");
}

bool holds(const json& condition) {
  return eval({{"$if", json::array({condition, true, false})}}) == true;
}

findings wrong(const json& doc) {
  findings found;
  const auto n = names();
  reporter out{found, limits{}};
  static_cast<void>(compile_value(doc, place{}, n, out));
  return found;
}

} // namespace

TEST_CASE("references keep types, interpolate, and are never looked at again",
          "[declarative][value]") {
  REQUIRE(eval("${input.a}") == 5);
  REQUIRE(eval("${input.list/1}") == 2);
  REQUIRE(eval("${input.obj/k~11/~0}") == true);
  REQUIRE(eval("n=${input.a} x=${attr.x} l=${input.list}") == "n=5 x=seven l=[1,2]");
  REQUIRE(eval("${input.text}") == "${input.a} {{");
  REQUIRE(eval("<${input.text}>") == "<${input.a} {{>");
  REQUIRE(eval("$${input.a}") == "${input.a}");
  REQUIRE(eval("$$ $ {}") == "$$ $ {}");
  REQUIRE(eval("${answer.s/id} ${status.s} ${header.s/location} ${body.s}")
          == "3 201 /x {\"id\": 3}");
  REQUIRE(eval("${let.l}") == json{"p", "q"});
  REQUIRE(eval("${input.n}").is_null());
}

TEST_CASE("what refers to something absent is left out", "[declarative][value]") {
  REQUIRE(eval("${input.absent}") == "(absent)");
  REQUIRE(eval({{"a", "${input.absent}"}, {"b", nullptr}, {"c", "${input.a}"}})
          == json{{"b", nullptr}, {"c", 5}});
  REQUIRE(eval({"${input.absent}", 1}) == json{1});
  REQUIRE(eval("${input.list/2}") == "(absent)");
  REQUIRE(eval("${input.list/01x}") == "(absent)");
  REQUIRE(make("a ${input.absent}").problem == "${input.absent} is not there");
  REQUIRE(*make("a ${input.absent}", evaluator::manner::lenient).v == "a ");
}

TEST_CASE("operators make what their names say", "[declarative][value]") {
  const auto absent = "${input.absent}";
  REQUIRE(eval({{"$merge", {{{"a", 1}, {"b", 1}}, absent, {{"b", 2}}}}})
          == json{{"a", 1}, {"b", 2}});
  REQUIRE(eval({{"$concat", {"${input.list}", absent, {"${input.a}"}}}}) == json{1, 2, 5});
  REQUIRE(eval({{"$join", {",", {"a", absent, "", json{"b", json{"c"}}, 3}}}}) == "a,b,c,3");
  REQUIRE(eval({{"$default", {absent, "${input.n}", 7, 8}}}) == 7);
  REQUIRE(eval({{"$if", {{{"value", 1}, {"equals", 2}}, "x"}}}) == "(absent)");
  REQUIRE(
    eval({{"$case",
           {json{{{"value", 1}, {"equals", 2}}, "x"}, json{{{"value", 1}, {"equals", 1}}, "y"}}}})
    == "y");
  for (const auto& [plain, coded] :
       std::vector<std::pair<std::string, std::string>>{{"", ""},
                                                        {"f", "Zg=="},
                                                        {"fo", "Zm8="},
                                                        {"foo", "Zm9v"},
                                                        {"foob", "Zm9vYg=="},
                                                        {"\xff\xfe\xfd", "//79"}})
    REQUIRE(eval({{"$base64", plain}}) == coded);
  REQUIRE(eval({{"$json", {{"b", 1}, {"a", {1, nullptr}}}}}) == "{\"a\":[1,null],\"b\":1}");
  REQUIRE(eval({{"$parse", "{\"a\": [1]}"}}) == json{{"a", {1}}});
  REQUIRE(eval({{"$parse", "a: 1"}}) == "(absent)");
  REQUIRE(eval({{"$parse", "${input.obj}"}}).is_object());
  REQUIRE(eval({{"$text", 5}}) == "5");
  REQUIRE(eval({{"$number", "12"}}) == 12);
  REQUIRE(eval({{"$number", "12"}}).is_number_integer());
  REQUIRE(eval({{"$number", "1.5"}}) == 1.5);
  for (const auto* none : {"", "x", "1x", "0x10", "nan", "inf"})
    REQUIRE(eval({{"$number", none}}) == "(absent)");
  REQUIRE(eval({{"$each", "${input.list}"}, {"do", {{"i", "${key}"}, {"v", "${item}"}}}})
          == json{{{"i", 0}, {"v", 1}}, {{"i", 1}, {"v", 2}}});
  REQUIRE(eval({{"$each", {{"p", 1}}}, {"do", "${key}=${item}"}}) == json{"p=1"});
  REQUIRE(eval({{"$each", "${input.list}"},
                {"do", {{"$if", {{{"value", "${item}"}, {"above", 1}}, "${item}"}}}}})
          == json{2});
  REQUIRE(eval({{"$each", absent}, {"do", 1}}) == json::array());
  REQUIRE(eval({{"$object", "${input.list}"}, {"key", "k${item}"}, {"value", "${key}"}})
          == json{{"k1", 0}, {"k2", 1}});
  REQUIRE(eval({{"$at", {"${input.obj}", "/k~11"}}}) == json{{"~", true}});
  REQUIRE(eval({{"$lookup", {"b", {{"a", 1}, {"b", 2}}, 3}}}) == 2);
  REQUIRE(eval({{"$lookup", {"c", {{"a", 1}}, 3}}}) == 3);
  REQUIRE(eval({{"$keys", {{"b", 1}, {"a", 2}}}}) == json{"a", "b"});
  REQUIRE(eval({{"$first", "${input.list}"}}) == 1);
  REQUIRE(eval({{"$first", json::array()}}) == "(absent)");
  REQUIRE(eval({{"$split", {"a,,b,c", ","}}}) == json{"a", "b", "c"});
  REQUIRE(eval({{"$helper", "plain_text"}, {"text", "a\x1b[31mb\x1b[0m\r\nc\rd"}}) == "ab\nc\nd");
  REQUIRE(make({{"$helper", "broken"}}).problem == "it is broken");
  REQUIRE(!make({{"$merge", {1}}}).problem.empty());
  REQUIRE(!make({{"$each", 5}, {"do", 1}}).problem.empty());
}

TEST_CASE("HCL literals cannot be broken out of", "[declarative][value]") {
  REQUIRE(eval({{"$hcl", "a\"b\\c\n\t$${x} %{if} $x %"}}) == R"("a\"b\\c\n\t$${x} %%{if} $x %")");
  REQUIRE(eval({{"$hcl", "$${input.a}"}}) == R"("$${input.a}")");
  REQUIRE(eval({{"$hcl", {{"k\"", {1, true, nullptr, "v"}}}}})
          == R"({"k\"" = [1, true, null, "v"]})");
  REQUIRE(eval({{"$hcl", 2.5}}) == "2.5");
  REQUIRE(eval({{"$hcl", std::string("\x01", 1)}}) == "\"\\u0001\"");
}

TEST_CASE("conditions hold as they say", "[declarative][value]") {
  REQUIRE(holds({{"value", "${input.a}"}, {"equals", 5}}));
  REQUIRE(!holds({{"value", "${input.a}"}, {"equals", "5"}}));
  REQUIRE(holds({{"value", "b"}, {"in", {"a", "b"}}}));
  REQUIRE(holds({{"value", "b"}, {"in", {{"b", 1}}}}));
  REQUIRE(holds({{"value", "abc"}, {"contains", "b"}}));
  REQUIRE(!holds({{"value", "abc"}, {"contains", 1}}));
  REQUIRE(holds({{"value", "${input.list}"}, {"contains", 2}}));
  REQUIRE(holds({{"value", "${input.absent}"}, {"empty", true}}));
  REQUIRE(holds({{"value", "${input.n}"}, {"empty", true}}));
  REQUIRE(holds({{"value", 0}, {"empty", false}}));
  REQUIRE(holds({{"value", "${input.n}"}, {"given", false}}));
  REQUIRE(holds({{"value", "${input.obj}"}, {"is", "object"}}));
  REQUIRE(holds({{"value", "10"}, {"above", 9}}));
  REQUIRE(!holds({{"value", "x"}, {"above", 9}}));
  REQUIRE(!holds({{"value", "${input.absent}"}, {"equals", nullptr}}));
  REQUIRE(holds({{"not", {{"value", "${input.absent}"}, {"equals", 1}}}}));
  REQUIRE(holds({{"all", json::array()}}));
  REQUIRE(!holds({{"any", json::array()}}));
}

TEST_CASE("what cannot be compiled is said with its place and a hint", "[declarative][value]") {
  const std::vector<std::tuple<json, std::string, std::string>> rows{
    {{{"k", "${inputs.a}"}}, "/k", "input"},
    {"${input.lst}", "", "'list'"},
    {"${attr.y}", "", "x"},
    {"${answer.t/id}", "", "s"},
    {"${let.m}", "", "l"},
    {"${launch.makrer}", "", "'marker'"},
    {"${input}", "", "${input.NAME}"},
    {"${item.x}", "", "${item/path}"},
    {"${input.a/~2}", "", "~0"},
    {"${input.a", "", "close it"},
    {{{"$mrege", json::array()}}, "/$mrege", "'$merge'"},
    {{{"$merge", 1}}, "/$merge", ""},
    {{{"$each", 1}}, "", ""},
    {{{"$each", 1}, {"do", 1}, {"extra", 2}}, "/extra", "alone"},
    {{{"$at", {1}}}, "/$at", ""},
    {{{"$if", {1, 2}}}, "/$if/0", ""},
    {{{"$if", {{{"value", 1}}, 2}}}, "/$if/0", "equals"},
    {{{"$if", {{{"value", 1}, {"eqals", 1}}, 2}}}, "/$if/0/eqals", "'equals'"},
    {{{"$if", {{{"value", 1}, {"equals", 1}, {"in", json::array()}}, 2}}}, "/$if/0/in", "one test"},
    {{{"$if", {{{"equals", 1}}, 2}}}, "/$if/0", ""},
    {{{"$if", {{{"value", 1}, {"is", "thing"}}, 2}}}, "/$if/0/is", "text"},
    {{{"$if", {{{"value", 1}, {"empty", 1}}, 2}}}, "/$if/0/empty", ""},
    {{{"$case", {1}}}, "/$case/0", ""},
    {{{"$helper", "in_ordr"}}, "/$helper", "'in_order'"},
    {{{"$helper", 1}}, "/$helper", ""}};
  for (const auto& [doc, pointer, hint] : rows) {
    INFO(doc.dump());
    const auto found = wrong(doc);
    REQUIRE(found.errors.size() == 1);
    INFO(found.errors[0].message << " | " << found.errors[0].hint);
    REQUIRE(found.errors[0].pointer == pointer);
    REQUIRE(found.errors[0].hint.find(hint) != std::string::npos);
  }
}

TEST_CASE("what is made has a bound", "[declarative][value]") {
  auto s = known();
  s.inputs["text"] = std::string(1 << 20, 'x');
  json many = json::array();
  for (int i = 0; i < 100; ++i)
    many.push_back("${input.text}");
  findings found;
  const auto n = names();
  reporter out{found, limits{}};
  const auto v = compile_value(many, place{}, n, out);
  evaluator e{s};
  e.eval(v);
  REQUIRE(e.problem().find("MiB") != std::string::npos);
}

TEST_CASE("pieces of a path are encoded and cannot climb", "[declarative][url]") {
  findings found;
  const auto n = names();
  reporter out{found, limits{}};
  const auto v = compile_value("/jobs/${input.text}/x", place{}, n, out);
  const auto path = [&](const json& text) {
    auto s = known();
    s.inputs["text"] = text;
    evaluator e{s};
    auto p = e.path(v);
    return e.ok() ? p : "(" + e.problem() + ")";
  };
  REQUIRE(path(7) == "/jobs/7/x");
  REQUIRE(path("a/../b?c#d é") == "/jobs/a%2F..%2Fb%3Fc%23d%20%C3%A9/x");
  for (const json& bad : {json(".."), json("."), json(""), json(nullptr)})
    REQUIRE(path(bad).starts_with("("));
}

TEST_CASE("URLs are taken apart, or refused", "[declarative][url]") {
  REQUIRE(parse_url("HTTPS://Awx.Example/a?b")->origin == "https://awx.example:443");
  REQUIRE(parse_url("HTTPS://Awx.Example/a?b")->rest == "/a?b");
  REQUIRE(parse_url("http://[::1]:8080")->origin == "http://[::1]:8080");
  REQUIRE(parse_url("http://x:080/")->origin == "http://x:80");
  for (const auto* bad :
       {"", "x", "http://", "http://a@b/", "http://a:b/", "http://a:0/", "http://a:/",
        "http://a:123456/", "http://a/\nb", "http://a\\b/", "gopher://a/", "http://a/#f",
        "http://[::1", "http://[]/", "http://a%2fb/"}) {
    INFO(bad);
    REQUIRE(!parse_url(bad));
  }
  const std::string base = "https://a.example:444/api/x/?page=1";
  REQUIRE(*follow_link(base, "/api/x/?page=2") == "https://a.example:444/api/x/?page=2");
  REQUIRE(*follow_link(base, "?page=2") == "https://a.example:444/api/x/?page=2");
  REQUIRE(*follow_link(base, "https://a.example:444/y") == "https://a.example:444/y");
  REQUIRE(*follow_link(base, "/next?u=http://b/") == "https://a.example:444/next?u=http://b/");
  for (const auto* bad :
       {"", "page2", "//b.example/", "https://b.example:444/", "http://a.example:444/",
        "https://a.example/", "https://a.example:444@b.example/", "/a b"}) {
    INFO(bad);
    REQUIRE(!follow_link(base, bad));
  }
}

TEST_CASE("how long a target asks to wait", "[declarative][answers]") {
  const auto now = from_ms(1'800'000'000'000); // 2027-01-15T08:00:00Z
  const auto wait = [&](std::string name, std::string text) {
    outside::answer a;
    a.headers = {{std::move(name), std::move(text)}};
    return outside::told_to_wait(a, now);
  };
  REQUIRE(wait("retry-after", "5") == millis{5000});
  REQUIRE(wait("retry-after", "0") == millis{1000});
  REQUIRE(wait("retry-after", "999999") == millis{3'600'000});
  REQUIRE(wait("retry-after", "Fri, 15 Jan 2027 08:00:10 GMT") == millis{10'000});
  REQUIRE(wait("retry-after", "Fri, 15 Jan 2027 07:00:10 GMT") == millis{1000});
  REQUIRE(wait("x-ratelimit-reset", "0.25") == millis{1000});
  REQUIRE(wait("x-ratelimit-reset", "12.5") == millis{12'500});
  REQUIRE(wait("x-ratelimit-reset", "1800000030") == millis{30'000});
  for (const auto* bad : {"", "soon", "-x", "1e999", "nan", "Fri, 15 Xyz 2027 08:00:10 GMT"}) {
    INFO(bad);
    const auto w = wait("retry-after", bad);
    REQUIRE((!w || (*w >= millis{1000} && *w <= millis{3'600'000})));
  }
}

TEST_CASE("helpers do one thing and refuse nonsense", "[declarative][helpers]") {
  const auto call = [](const char* name, const json& arguments) {
    return (*standard_helpers().find(name))(arguments);
  };
  const auto items = [](std::vector<int> counters) {
    json list = json::array();
    for (const int c : counters)
      list.push_back({{"c", c}});
    return list;
  };
  const auto order = [&](std::vector<int> counters, const json& after, bool all) {
    return (*call("in_order", {{"items", items(std::move(counters))},
                               {"by", "/c"},
                               {"after", after},
                               {"all", all}}))["last"];
  };
  REQUIRE(order({3, 1, 2, 5}, 0, false) == 3);
  REQUIRE(order({3, 1, 2, 5}, 0, true) == 5);
  REQUIRE(order({3, 4}, 1, false) == 1);
  REQUIRE(order({1, 1, 2}, "0", false) == 2);
  REQUIRE(order({1, 1, 2}, nullptr, true) == 2);
  REQUIRE(
    (*call("in_order", {{"items", items({2, 2, 1})}, {"by", "/c"}, {"all", true}}))["items"].size()
    == 2);
  REQUIRE(!call("in_order", {{"items", 3}, {"by", "/c"}}));
  REQUIRE(!call("in_order", json::object()));
  REQUIRE((*call("in_order", {{"items", {1, "x", nullptr, {{"c", "2"}}}}, {"by", "/c"}}))["items"]
            .empty());
  REQUIRE(call("plain_text", json::object())->get<std::string>().empty());
  REQUIRE(*call("plain_text", {{"text", "\x1b"}}) == "");
  REQUIRE(*call("plain_text", {{"text", "a\x1b["}}) == "a");
  REQUIRE(*call("plain_text", {{"text", "\x1b]0;title\ab"}}) == "b");
  REQUIRE(call("unsafe_variables", json::object())->empty());
}
