// The helpers of the Terraform classes: archives out of what was fetched, logs out of pieces.
#include "tasks/packs/terraform.hpp"

#include "runtime/base/crypto.hpp"
#include "tasks/packs/archive.hpp"
#include "tests/harness/catch.hpp"

using namespace o3;
using namespace o3::packs;

namespace {

std::string problem(const json& arguments) {
  const auto made = terraform_archive(arguments);
  return made ? "" : made.error().message;
}
bool says(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

const std::string configuration = "resource \"null_resource\" \"n\" {}\n";

/// Reads a whole log as the classes do, in pieces of `limit`.
json read(const std::string& log, std::size_t limit, bool over, std::string& lines) {
  json cursor = {{"offset", 0}};
  for (int i = 0; i < 1000; ++i) {
    const auto from = cursor["offset"].get<std::size_t>();
    json in = {{"text", log.substr(std::min(from, log.size()), limit)},
               {"offset", cursor["offset"]},
               {"limit", limit},
               {"error", cursor.value("error", json(nullptr))}};
    if (over)
      in["over"] = true;
    cursor = *terraform_log(in);
    lines += cursor["lines"].get<std::string>();
    if (!cursor["more"].get<bool>())
      break;
  }
  return cursor;
}

} // namespace

TEST_CASE("a ready archive is uploaded as it is", "[packs][tfe]") {
  const auto packed = *gzip(*make_tar({{"main.tf", configuration}, {"a.tfvars", "x = 1"}}));
  const auto made = terraform_archive({{"bytes", packed}});
  REQUIRE(made);
  REQUIRE((*made)["archive"] == packed);
  REQUIRE((*made)["built"] == false);
  REQUIRE((*made)["files"] == 2);
  REQUIRE((*made)["sha256"] == to_hex(sha256(packed)));

  const auto plain = terraform_archive({{"bytes", *make_tar({{"main.tf", configuration}})}});
  REQUIRE(plain);
  REQUIRE((*plain)["built"] == true);
  REQUIRE(gunzip((*plain)["archive"].get<std::string>()));
}

TEST_CASE("a single configuration becomes an archive", "[packs][tfe]") {
  const auto names = [](const json& arguments) {
    const auto made = terraform_archive(arguments);
    REQUIRE(made);
    return names_in_tar(*gunzip((*made)["archive"].get<std::string>()))->front();
  };
  REQUIRE(names({{"bytes", configuration}, {"address", "http://f/vm.tf?key=1"}}) == "vm.tf");
  REQUIRE(names({{"bytes", configuration}, {"address", "http://f/get?id=1"}}) == "main.tf");
  REQUIRE(names({{"bytes", "{\"resource\": {}}"}, {"address", "http://f/9"}}) == "main.tf.json");
  REQUIRE(names({{"bytes", configuration}, {"name", "net/x.tf"}}) == "net/x.tf");
  REQUIRE(says(problem({{"bytes", configuration}, {"name", "../x.tf"}}), "no name"));
  REQUIRE(says(problem({{"bytes", configuration}, {"name", "x.txt"}}), "no name"));
}

TEST_CASE("the hash is compared, and said what is wrong with it", "[packs][tfe]") {
  const auto hash = to_hex(sha256(configuration));
  auto upper = hash;
  for (char& c : upper)
    c = c >= 'a' && c <= 'f' ? static_cast<char>(c - 32) : c;
  REQUIRE(problem({{"bytes", configuration}, {"hash", hash}}).empty());
  REQUIRE(problem({{"bytes", configuration}, {"hash", "sha256:" + upper}}).empty());
  REQUIRE(says(problem({{"bytes", configuration + " "}, {"hash", hash}}), "not the one"));
  REQUIRE(says(problem({{"bytes", configuration}, {"hash", ""}}), "is empty"));
  REQUIRE(says(problem({{"bytes", configuration}, {"hash", std::string(32, 'a')}}), "64 hex"));
}

TEST_CASE("what is no configuration is told in words", "[packs][tfe]") {
  const auto of = [](const std::string& bytes) { return problem({{"bytes", bytes}}); };
  REQUIRE(says(of(""), "empty"));
  REQUIRE(says(of("\n <!DOCTYPE html><html>Sign in"), "web page"));
  REQUIRE(says(of(std::string{"PK\x03\x04", 4} + "x"), "ZIP"));
  REQUIRE(says(of(std::string("\x7F"
                              "ELF\0\0",
                              6)),
               "neither a tar.gz nor a text"));
  REQUIRE(says(of("resource is a word\nand this is a letter\n"), "no block"));
  REQUIRE(says(of(*gzip("just text")), "no tar archive"));
  REQUIRE(says(of(*gzip(*make_tar({{"readme.md", "x"}}))), "no Terraform configuration"));
  REQUIRE(says(of("\x1f\x8b\x08 broken"), "gzip"));
  REQUIRE(says(problem(json::object()), "no file"));
}

TEST_CASE("a framed log is read in pieces of any size", "[packs][tfe]") {
  const std::string log = "\x02Terraform v1.9.8\n\x1b[31m│ Error: Invalid type\x1b[0m\nlast\x03";
  for (const std::size_t limit : {64, 50, 40}) {
    INFO(limit);
    std::string lines;
    const auto cursor = read(log, limit, false, lines);
    REQUIRE(cursor["ended"] == true);
    REQUIRE(cursor["error"] == "Error: Invalid type");
    REQUIRE(lines == "Terraform v1.9.8\n│ Error: Invalid type\nlast\n");
  }
}

TEST_CASE("a log that goes on gives whole lines only", "[packs][tfe]") {
  std::string lines;
  auto cursor = read("\x02one\ntw", 64, false, lines);
  REQUIRE(lines == "one\n");
  REQUIRE(cursor["offset"] == 5);
  REQUIRE(cursor["ended"] == false);
  cursor = read("", 64, false, lines); // no news
  REQUIRE(cursor["ended"] == false);
  lines.clear();
  cursor = read("one\ntwo", 64, true, lines); // a server without frames, and the run is over
  REQUIRE(lines == "one\ntwo\n");
  REQUIRE(cursor["ended"] == true);
}

TEST_CASE("lines of JSON become their message", "[packs][tfe]") {
  std::string lines;
  const auto cursor
    = read("\x02"
           R"({"@level":"info","@message":"Plan: 1 to add","type":"change_summary"})"
           "\n"
           R"({"@level":"error","@message":"Error: no","diagnostic":{"detail":"such type"}})"
           "\n{not json}\n\x03",
           4096, false, lines);
  REQUIRE(lines == "Plan: 1 to add\nError: no: such type\n{not json}\n");
  REQUIRE(cursor["error"] == "Error: no: such type");
}
