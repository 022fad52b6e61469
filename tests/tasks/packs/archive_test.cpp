// tar and gzip: what is written can be read by everybody, what is read is looked through.
#include "tasks/packs/archive.hpp"
#include "tests/harness/catch.hpp"

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <memory>

using namespace o3;
using namespace o3::packs;

namespace {

/// What the system's tar says of it.
std::string listed(const std::string& tar_gz) {
  auto name = (std::filesystem::temp_directory_path() / "o3-archive-XXXXXX").string();
  std::fclose(::fdopen(::mkstemp(name.data()), "wb"));
  std::ofstream{name, std::ios::binary} << tar_gz;
  const auto command = "tar --numeric-owner --utc -tvzf " + name + " 2>&1";
  const std::unique_ptr<FILE, int (*)(FILE*)> out{::popen(command.c_str(), "r"), ::pclose};
  std::string text;
  for (int c = std::fgetc(out.get()); c != EOF; c = std::fgetc(out.get()))
    text += static_cast<char>(c);
  std::filesystem::remove(name);
  return text;
}

/// One entry, as a program with bad intentions could write it.
std::string entry(const std::string& name, char type, const std::string& link = {},
                  const std::string& content = {}) {
  auto tar = *make_tar({{"x", content}});
  tar.replace(0, 1, 1, '\0');
  tar.replace(0, name.size(), name);
  tar[156] = type;
  tar.replace(157, link.size(), link);
  tar.replace(148, 8, 8, ' ');
  std::size_t sum = 0;
  for (std::size_t i = 0; i < 512; ++i)
    sum += static_cast<unsigned char>(tar[i]);
  char text[8];
  std::snprintf(text, sizeof text, "%06zo", sum);
  tar.replace(148, 7, std::string{text} + '\0');
  return tar;
}

std::string problem_of(const std::string& tar) {
  const auto names = names_in_tar(tar);
  return names ? "" : names.error().message;
}

} // namespace

TEST_CASE("an archive is what tar understands, with fixed modes and the same bytes each time",
          "[packs][archive]") {
  const std::vector<archive_file> files{{"main.tf", "locals {}\n"},
                                        {"modules/a/main.tf", std::string(1000, '#')}};
  const auto tar = make_tar(files);
  REQUIRE(tar);
  const auto packed = gzip(*tar);
  REQUIRE(packed);
  const auto text = listed(*packed);
  INFO(text);
  REQUIRE(text.find("-rw-r--r-- 0/0") == 0);
  REQUIRE(text.find("10 1970-01-01 00:00 main.tf\n") != std::string::npos);
  REQUIRE(text.find("1000 1970-01-01 00:00 modules/a/main.tf\n") != std::string::npos);
  REQUIRE(*gzip(*make_tar(files)) == *packed);
  REQUIRE(*gunzip(*packed) == *tar);
  REQUIRE(*names_in_tar(*tar) == std::vector<std::string>{"main.tf", "modules/a/main.tf"});
}

TEST_CASE("names that lead somewhere else are neither written nor taken", "[packs][archive]") {
  for (const auto* name : {"", "/etc/x", "../x", "a/../../x", "a//b", "./a", "a/", "a\\b", "a b",
                           "a\nb", "..", "\xC3\xA4.tf"}) {
    INFO(name);
    REQUIRE_FALSE(is_archive_name(name));
    REQUIRE_FALSE(make_tar({{name, "x"}}));
  }
  REQUIRE_FALSE(is_archive_name(std::string(101, 'a')));
  REQUIRE_FALSE(make_tar({{"a", "1"}, {"a", "2"}}));

  REQUIRE(problem_of(entry("main.tf", '0')).empty());
  REQUIRE(problem_of(entry("/etc/passwd", '0')).find("leads out") != std::string::npos);
  REQUIRE(problem_of(entry("a/../../x", '0')).find("leads out") != std::string::npos);
  REQUIRE(problem_of(entry("a/link", '2', "../../x")).find("leads out") != std::string::npos);
  REQUIRE(problem_of(entry("link", '2', "/etc/passwd")).find("leads out") != std::string::npos);
  REQUIRE(problem_of(entry("link", '1', "../x")).find("leads out") != std::string::npos);
  REQUIRE(problem_of(entry("a/b/link", '2', "../../x")).empty());
  REQUIRE(problem_of(entry("dev", '3')).find("no file") != std::string::npos);
}

TEST_CASE("long names come in heads of their own", "[packs][archive]") {
  std::string long_name(120, 'd');
  long_name += "/main.tf";
  const auto cut = [](std::string tar) { return tar.substr(0, tar.size() - 1024); };
  const auto gnu = cut(entry("././@LongLink", 'L', {}, long_name + '\0')) + entry("short", '0');
  REQUIRE(*names_in_tar(gnu) == std::vector<std::string>{long_name});
  const auto pax = cut(entry("PaxHeaders/x", 'x', {}, "20 path=../outside\n")) + entry("x", '0');
  REQUIRE(problem_of(pax).find("leads out") != std::string::npos);
  const auto pax_link
    = cut(entry("PaxHeaders/x", 'x', {}, "20 linkpath=/etc\n")) + entry("x", '2', "here");
  REQUIRE(problem_of(pax_link).find("leads out") != std::string::npos);
}

TEST_CASE("damaged, cut off and huge archives are told apart", "[packs][archive]") {
  const auto tar = *make_tar({{"main.tf", std::string(5000, 'x')}});
  REQUIRE(problem_of(tar.substr(0, 1024)).find("cut off") != std::string::npos);
  auto broken = tar;
  broken[5] = '!';
  REQUIRE(problem_of(broken).find("damaged") != std::string::npos);
  REQUIRE_FALSE(looks_like_tar(broken));

  const auto packed = *gzip(tar);
  REQUIRE(gunzip(packed.substr(0, packed.size() / 2)).error().message.find("cut off")
          != std::string::npos);
  auto changed = packed;
  changed[packed.size() / 2] = static_cast<char>(changed[packed.size() / 2] ^ 0x55);
  REQUIRE_FALSE(gunzip(changed));
  REQUIRE(*gunzip(packed + std::string(100, '\0')) == tar); // padding
  REQUIRE(gunzip(*gzip(std::string(archive_bytes_max + 1, '\0'))).error().message.find("64 MiB")
          != std::string::npos);
}
