#include "runtime/base/crypto.hpp"
#include "tests/harness/catch.hpp"
#include "tests/runtime/base/fakes.hpp"

#include <fstream>
#include <sys/stat.h>
#include <unistd.h>

using namespace o3;
namespace fs = std::filesystem;

namespace {

const std::string key_a(32, 'a');
const std::string key_b(32, 'b');

void write_file(const fs::path& p, const std::string& text, mode_t mode = 0600) {
  std::ofstream{p} << text;
  REQUIRE(chmod(p.c_str(), mode) == 0);
}

std::string read_file(const fs::path& p) {
  std::ifstream in{p};
  return {std::istreambuf_iterator<char>{in}, {}};
}

fault refusal(const fs::path& dir) {
  const auto s = sealer::open(dir);
  REQUIRE_FALSE(s);
  // The message names the file, the hint says what to do.
  CHECK(s.error().message.find("secret.key") != std::string::npos);
  CHECK_FALSE(s.error().hint.empty());
  return s.error().code;
}

fault unseal_fault(const sealer& s, const json& sealed) {
  INFO(sealed.dump());
  const auto r = s.unseal(sealed);
  REQUIRE_FALSE(r);
  return r.error().code;
}

} // namespace

TEST_CASE("a key file that others can use is refused", "[base][sealer]") {
  for (const mode_t mode : {0640U, 0604U, 0620U, 0601U, 0666U}) {
    const test::scratch_dir d;
    write_file(d.path() / "secret.key", std::string(64, '0'), mode);
    CHECK(refusal(d.path()) == fault::file_broken);
  }
}

TEST_CASE("a key file that is not a key is refused and left as it is", "[base][sealer]") {
  for (const auto& text :
       {std::string{}, std::string(63, '0'), std::string(62, '0'), std::string(66, '0'),
        std::string(64, 'x'), std::string(64, '0') + "\n\nmore", std::string(5'000, '0')}) {
    const test::scratch_dir d;
    write_file(d.path() / "secret.key", text);
    CHECK(refusal(d.path()) == fault::file_broken);
    CHECK(read_file(d.path() / "secret.key") == text);
  }
}

TEST_CASE("something else in the place of the key file is refused without waiting",
          "[base][sealer]") {
  const test::scratch_dir pipe;
  REQUIRE(mkfifo((pipe.path() / "secret.key").c_str(), 0600) == 0);
  CHECK(refusal(pipe.path()) == fault::file_broken);
  const test::scratch_dir folder;
  fs::create_directory(folder.path() / "secret.key");
  CHECK(refusal(folder.path()) == fault::file_broken);
  const test::scratch_dir dangling;
  fs::create_symlink("nowhere", dangling.path() / "secret.key");
  CHECK(refusal(dangling.path()) == fault::data_dir_unwritable);
}

TEST_CASE("a directory that is not there is reported, not made", "[base][sealer]") {
  const test::scratch_dir d;
  CHECK(refusal(d.path() / "missing") == fault::data_dir_unwritable);
  CHECK_FALSE(fs::exists(d.path() / "missing"));
}

TEST_CASE("a first start makes a key that only its owner can read and later ones use",
          "[base][sealer]") {
  const test::scratch_dir d;
  const auto first = sealer::open(d.path());
  REQUIRE(first);
  const auto file = d.path() / "secret.key";
  struct stat st {};
  REQUIRE(stat(file.c_str(), &st) == 0);
  CHECK((st.st_mode & 0777U) == 0600U);
  const auto text = read_file(file);
  CHECK(text.size() == 65);
  CHECK(from_hex(text.substr(0, 64)));
  const auto sealed = first->seal("s3cret");
  const auto second = sealer::open(d.path());
  REQUIRE(second);
  CHECK(read_file(file) == text);
  const auto back = second->unseal(sealed);
  REQUIRE(back);
  CHECK(*back == "s3cret");
  // Nothing else stays behind.
  CHECK(std::distance(fs::directory_iterator{d.path()}, {}) == 1);
}

TEST_CASE("what a crash left of an unfinished key is not used", "[base][sealer]") {
  const test::scratch_dir d;
  write_file(d.path() / "secret.key.new", "0000");
  REQUIRE(sealer::open(d.path()));
  CHECK(read_file(d.path() / "secret.key").size() == 65);
  CHECK_FALSE(fs::exists(d.path() / "secret.key.new"));
}

TEST_CASE("a key given as a link to a safe file is used", "[base][sealer]") {
  const test::scratch_dir d;
  write_file(d.path() / "elsewhere", to_hex(key_a) + "\n");
  fs::create_symlink("elsewhere", d.path() / "secret.key");
  const auto s = sealer::open(d.path());
  REQUIRE(s);
  CHECK(*s->unseal(sealer::from_key(key_a).seal(1)) == 1);
}

TEST_CASE("another key does not open a sealed value and the message names the key",
          "[base][sealer]") {
  const auto a = sealer::from_key(key_a);
  const auto b = sealer::from_key(key_b);
  const auto sealed = a.seal("x");
  const auto r = b.unseal(sealed);
  REQUIRE_FALSE(r);
  CHECK(r.error().code == fault::secret_unreadable);
  CHECK(r.error().message.find(b.seal(1)["$sealed"]["k"].get<std::string>()) != std::string::npos);
  // Even if the key id is forged.
  auto forged = sealed;
  forged["$sealed"]["k"] = b.seal(1)["$sealed"]["k"];
  CHECK(unseal_fault(b, forged) == fault::secret_unreadable);
}

TEST_CASE("any change to a sealed value is noticed", "[base][sealer]") {
  const auto s = sealer::from_key(key_a);
  const auto sealed = s.seal(json{{"user", "x"}, {"password", "y"}});
  for (const char* part : {"n", "c"}) {
    const auto text = sealed["$sealed"][part].get<std::string>();
    for (std::size_t at = 0; at < text.size(); ++at) {
      auto changed = sealed;
      auto other = text;
      other[at] = text[at] == 'A' ? 'B' : 'A';
      changed["$sealed"][part] = other;
      // The last digit may hold bits that mean nothing; libsodium refuses those that are not zero.
      CHECK(unseal_fault(s, changed) == fault::secret_unreadable);
    }
    auto cut = sealed;
    cut["$sealed"][part] = text.substr(0, text.size() - 4);
    CHECK(unseal_fault(s, cut) == fault::secret_unreadable);
  }
}

TEST_CASE("what only looks like a sealed value is refused", "[base][sealer]") {
  const auto s = sealer::from_key(key_a);
  const auto k = s.seal(1)["$sealed"]["k"];
  for (const auto& bad :
       {json(), json("x"), json::object(), json{{"$sealed", 1}}, json{{"$sealed", json::object()}},
        json{{"$sealed", {{"k", k}, {"n", 1}, {"c", "AA=="}}}},
        json{{"$sealed", {{"k", k}, {"n", ""}, {"c", ""}}}},
        json{{"$sealed", {{"k", k}, {"n", "%%"}, {"c", "%%"}}}}, json{{"$sealed", {{"k", 1}}}}})
    CHECK(unseal_fault(s, bad) == fault::secret_unreadable);
  CHECK_FALSE(sealer::is_sealed(json{{"$sealed", 1}, {"a", 2}}));
  CHECK_FALSE(sealer::is_sealed(json::array({"$sealed"})));
  CHECK(sealer::is_sealed(s.seal(nullptr)));
}

TEST_CASE("any JSON value comes back as it was sealed, hidden meanwhile", "[base][sealer]") {
  const auto s = sealer::from_key(key_a);
  const auto r = seeded_random(51);
  for (int i = 0; i < 300; ++i) {
    const auto value = test::random_json(*r, 3);
    const auto back = s.unseal(s.seal(value));
    REQUIRE(back);
    REQUIRE(*back == value);
  }
  const auto sealed = s.seal("hunter2-hunter2");
  CHECK(sealed.dump().find("hunter2") == std::string::npos);
  CHECK(sealed != s.seal("hunter2-hunter2"));
}

TEST_CASE("fingerprints depend on the installation and on nothing else", "[base][sealer]") {
  const auto a = sealer::from_key(key_a);
  CHECK(a.fingerprint("x") == sealer::from_key(key_a).fingerprint("x"));
  CHECK(a.fingerprint("x") != a.fingerprint("y"));
  CHECK(a.fingerprint("x") != sealer::from_key(key_b).fingerprint("x"));
  CHECK(a.fingerprint("x") != keyed_hash(key_a, "x"));
}

TEST_CASE("a key of the wrong length is never read past its end", "[base][sealer]") {
  const auto s = sealer::from_key("short");
  CHECK(*s.unseal(s.seal(7)) == 7);
  CHECK(s.fingerprint("x") == sealer::from_key("short").fingerprint("x"));
}

TEST_CASE("people see three stars for a sealed value, however deep it lies", "[base][sealer]") {
  const auto s = sealer::from_key(key_a);
  const json doc{{"a", s.seal("x")},
                 {"b", json::array({1, s.seal(json{{"p", 1}}), json{{"c", s.seal(2)}}})},
                 {"d", "plain"}};
  CHECK(redacted(doc)
        == json{{"a", "***"}, {"b", json::array({1, "***", json{{"c", "***"}}})}, {"d", "plain"}});
  CHECK(redacted(s.seal(1)) == "***");
  CHECK(redacted(json(3)) == 3);
  CHECK(redacted(json::object()) == json::object());
  CHECK(redacted(json::array()) == json::array());
}
