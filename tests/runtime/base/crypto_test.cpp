#include "runtime/base/crypto.hpp"
#include "tests/harness/catch.hpp"
#include "tests/runtime/base/fakes.hpp"

using namespace o3;

TEST_CASE("texts that are not hex are refused", "[base][crypto]") {
  for (const char* bad : {"0", "0g", "abc", " 00", "00 ", "0x00", "00:11", "é"})
    CHECK_FALSE(from_hex(bad));
  CHECK(from_hex("") == "");
  CHECK(from_hex("00fFAb") == std::string("\0\xff\xab", 3));
}

TEST_CASE("hashes are those of the standards", "[base][crypto]") {
  // FIPS 180-2 and RFC 4231 test case 2 (a key that is not 32 bytes works as well).
  CHECK(to_hex(sha256("abc"))
        == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  CHECK(to_hex(sha256("")) == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  CHECK(to_hex(keyed_hash("Jefe", "what do ya want for nothing?"))
        == "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
  CHECK(to_hex(keyed_hash(std::string(20, '\x0b'), "Hi There"))
        == "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
}

TEST_CASE("hex goes there and back for any bytes", "[base][crypto]") {
  const auto r = seeded_random(31);
  for (int i = 0; i < 500; ++i) {
    const auto bytes = test::random_text(*r, 50);
    REQUIRE(from_hex(to_hex(bytes)) == bytes);
  }
}

TEST_CASE("texts are equal only if all their bytes are", "[base][crypto]") {
  CHECK(equal_constant_time("", ""));
  CHECK(equal_constant_time("token", "token"));
  CHECK_FALSE(equal_constant_time("token", "tokeN"));
  CHECK_FALSE(equal_constant_time("token", "token "));
  CHECK_FALSE(equal_constant_time("", "x"));
}

TEST_CASE("random bytes have the asked length and do not repeat", "[base][crypto]") {
  CHECK(random_bytes(0).empty());
  CHECK(random_bytes(33).size() == 33);
  CHECK(random_bytes(16) != random_bytes(16));
}

TEST_CASE("names that hold a secret are known in any case and place", "[base][crypto]") {
  for (const char* name :
       {"token", "awx_token", "TOKEN_2", "Password", "db_passwd", "client_secret", "API_KEY",
        "apikey", "ssh_private_key", "awsCredentials"})
    CHECK(is_secret_name(name));
  for (const char* name : {"", "toke", "key", "api", "pass", "host", "keyboard"})
    CHECK_FALSE(is_secret_name(name));
}
