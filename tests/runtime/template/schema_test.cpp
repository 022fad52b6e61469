#include "runtime/template/schema.hpp"

#include "tests/runtime/template/fixtures.hpp"

using namespace o3;
using namespace o3::testing;

namespace {

std::shared_ptr<const value_check> check_of(const char* schema) {
  auto check = value_check::compile(json::parse(schema));
  INFO(schema);
  REQUIRE(check);
  return *check;
}

struct row {
  const char* schema;
  const char* value;
  const char* message; ///< part of the violation's message; null: accepted
  fault code = fault::bad_value;
  const char* pointer = "";
};

} // namespace

TEST_CASE("a schema that cannot be used is refused when it is compiled", "[template][schema]") {
  for (const auto* text :
       {"[]", "3", R"({"type": "nmber"})", R"({"type": 7})", R"({"pattern": "("})",
        R"re({"pattern": "(?=x)"})re", R"({"patternProperties": {"^(a+)+$": {}}})",
        R"({"multipleOf": 0})", R"({"$ref": "http://example.invalid/x.json"})", R"({"$ref": "#"})",
        R"({"properties": {"a": {"pattern": "["}}})", R"({"minimum": "1"})"}) {
    INFO(text);
    const auto check = value_check::compile(json::parse(text));
    REQUIRE_FALSE(check);
    REQUIRE(check.error().code == fault::bad_value);
    REQUIRE_FALSE(check.error().message.empty());
  }
}

TEST_CASE("values that break their schema are refused with type, place and reason",
          "[template][schema]") {
  const row rows[]{
    {R"({"type": "number"})", R"("30")", "must be a number, not text", fault::wrong_type},
    {R"({"type": "integer"})", "1.5", "must be a whole number, not number", fault::wrong_type},
    {R"({"type": ["string", "null"]})", "1", "must be null or text, not whole number",
     fault::wrong_type},
    {R"({"type": "object"})", "[]", "must be an object, not list", fault::wrong_type},
    {R"({"type": "boolean"})", "0", "must be true/false", fault::wrong_type},
    {R"({"minimum": 0})", "-1", "must be at least 0"},
    {R"({"maximum": 10.5})", "11", "must be at most 10.5"},
    {R"({"exclusiveMinimum": 0})", "0", "must be above 0"},
    {R"({"exclusiveMaximum": 3})", "3", "must be below 3"},
    {R"({"minLength": 1})", R"("")", "at least 1 characters"},
    {R"({"maxLength": 2})", "\"\u00e4\u00e4\u00e4\"", "at most 2 characters"},
    {R"({"enum": ["a", 1]})", R"("b")", R"(must be one of "a", 1)"},
    {R"({"enum": []})", "1", "must be one of"},
    {R"({"type": "string", "pattern": "^[a-z]+$"})", R"("A1")", "pattern"},
    {R"({"properties": {"a/b": {"type": "integer"}}})", R"({"a/b": "x"})",
     "type the schema does not permit", fault::wrong_type, "/a~1b"},
    {R"({"items": {"type": "string"}})", R"(["x", 2])", "type the schema does not permit",
     fault::wrong_type, "/1"},
    {R"({"required": ["a"]})", "{}", "'a'"},
    {R"({"anyOf": [{"type": "string"}, {"type": "null"}]})", "1", "schema"},
  };
  for (const auto& r : rows) {
    INFO(r.schema << " against " << r.value);
    const auto check = check_of(r.schema);
    const auto value = json::parse(r.value);
    REQUIRE_FALSE(check->accepts(value));
    const auto found = check->violations(value);
    REQUIRE_FALSE(found.empty());
    const bool said = std::any_of(found.begin(), found.end(), [&](const violation& v) {
      return holds(v.message, r.message) && v.code == r.code && v.pointer == r.pointer;
    });
    INFO(found.front().message << " at " << found.front().pointer);
    REQUIRE(said);
  }
}

TEST_CASE("values that fit their schema are accepted", "[template][schema]") {
  const row rows[]{
    {"{}", "{\"x\": [1]}", nullptr},
    {R"({"description": "free", "default": 3})", "null", nullptr},
    {R"({"type": "number", "minimum": 0})", "0", nullptr},
    {R"({"type": "number", "maximum": 10})", "9.9999", nullptr},
    {R"({"type": "integer"})", "30.0", nullptr},
    {R"({"type": "integer", "pattern": "x"})", "30.0", nullptr},
    {R"({"minimum": 5})", R"("not a number")", nullptr},
    {R"({"maxLength": 3})", "\"\u00e4\u00e4\u00e4\"", nullptr},
    {R"({"enum": ["a", null, {"k": [1]}]})", R"({"k": [1]})", nullptr},
    {R"({"items": {"type": "string"}, "maxItems": 2})", R"(["x", "y"])", nullptr},
    {R"({"definitions": {"n": {"type": "integer"}}, "properties": {"a": {"$ref": "#/definitions/n"}}})",
     R"({"a": 4})", nullptr},
    {R"({"type": "string", "pattern": "^[a-z]+$"})", R"("abc")", nullptr},
  };
  for (const auto& r : rows) {
    INFO(r.schema << " against " << r.value);
    const auto check = check_of(r.schema);
    REQUIRE(check->accepts(json::parse(r.value)));
    REQUIRE(check->violations(json::parse(r.value)).empty());
  }
}

TEST_CASE("a text too long for std::regex is refused instead of overflowing the stack",
          "[template][schema]") {
  const auto check
    = check_of(R"({"type": "object", "properties": {"a": {"pattern": "^(a|b)*$"}}})");
  REQUIRE(check->accepts({{"a", std::string(1000, 'a')}}));
  REQUIRE_FALSE(check->accepts({{"a", std::string(1 << 20, 'a')}}));
  REQUIRE(holds(check->violations({{"a", std::string(1 << 20, 'a')}}).front().message, "4096"));
}

TEST_CASE("a pattern takes time in proportion to the text", "[template][schema]") {
  const auto check = check_of(R"re({"type": "string", "pattern": "^([a-z0-9]+-?)+$"})re");
  REQUIRE(check->accepts("web-01"));
  // Backtracking would take longer than the universe has.
  REQUIRE_FALSE(check->accepts(std::string(4000, 'a') + "_"));
  // The same word as a member's name is no pattern.
  REQUIRE(check_of(R"({"properties": {"pattern": {"type": "string"}}})")
            ->accepts({{"pattern", "(not closed"}}));
}

TEST_CASE("a violation never repeats the value", "[template][schema]") {
  for (const auto* schema :
       {R"({"type": "number"})", R"({"enum": ["a"]})", R"({"maxLength": 2})",
        R"({"pattern": "^x$"})", R"({"const": "a"})",
        R"({"anyOf": [{"const": 1}, {"pattern": "^y"}]})", R"({"not": {"type": "string"}})",
        R"({"format": "date", "pattern": "^[0-9]*$"})"}) {
    INFO(schema);
    const auto found = check_of(schema)->violations("hunter2");
    REQUIRE_FALSE(found.empty());
    for (const auto& v : found)
      REQUIRE_FALSE(holds(v.message + v.pointer, "hunter2"));
  }
}

TEST_CASE("the schema that says nothing accepts anything and says so", "[template][schema]") {
  REQUIRE(check_of("{}")->accepts_anything());
  REQUIRE(check_of(R"({"description": "x"})")->accepts_anything());
  REQUIRE_FALSE(check_of(R"({"type": "null"})")->accepts_anything());
  REQUIRE_FALSE(check_of(R"({"enum": []})")->accepts_anything());
}
