#include "tests/http/client/identity.hpp"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdexcept>

namespace o3::test {
namespace {

struct freer {
  void operator()(EVP_PKEY* k) const { EVP_PKEY_free(k); }
  void operator()(X509* c) const { X509_free(c); }
  void operator()(BIO* b) const { BIO_free(b); }
};
using key_ptr = std::unique_ptr<EVP_PKEY, freer>;
using certificate_ptr = std::unique_ptr<X509, freer>;
using bio_ptr = std::unique_ptr<BIO, freer>;

void must(bool ok) {
  if (!ok)
    throw std::runtime_error("openssl made no certificate");
}

std::string text_of(BIO* b) {
  char* data = nullptr;
  const auto n = BIO_get_mem_data(b, &data);
  return {data, static_cast<std::size_t>(n)};
}

std::string pem_of(X509* c) {
  const bio_ptr out{BIO_new(BIO_s_mem())};
  must(PEM_write_bio_X509(out.get(), c) == 1);
  return text_of(out.get());
}

std::string pem_of(EVP_PKEY* k) {
  const bio_ptr out{BIO_new(BIO_s_mem())};
  must(PEM_write_bio_PrivateKey(out.get(), k, nullptr, nullptr, 0, nullptr, nullptr) == 1);
  return text_of(out.get());
}

void extend(X509* c, X509* issuer, int nid, const char* value) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, issuer, c, nullptr, nullptr, 0);
  auto* extension = X509V3_EXT_conf_nid(nullptr, &context, nid, value);
  must(extension != nullptr && X509_add_ext(c, extension, -1) == 1);
  X509_EXTENSION_free(extension);
}

certificate_ptr begin(EVP_PKEY* key, const std::string& name, long serial) {
  certificate_ptr c{X509_new()};
  must(c && X509_set_version(c.get(), 2) == 1);
  ASN1_INTEGER_set(X509_get_serialNumber(c.get()), serial);
  X509_gmtime_adj(X509_getm_notBefore(c.get()), -3600);
  X509_gmtime_adj(X509_getm_notAfter(c.get()), 86400);
  must(X509_set_pubkey(c.get(), key) == 1);
  must(X509_NAME_add_entry_by_txt(X509_get_subject_name(c.get()), "CN", MBSTRING_ASC,
                                  reinterpret_cast<const unsigned char*>(name.c_str()), -1, -1, 0)
       == 1);
  return c;
}

key_ptr make_key() {
  key_ptr k{EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "P-256")};
  must(k != nullptr);
  return k;
}

} // namespace

struct authority::parts {
  key_ptr key = make_key();
  certificate_ptr certificate;
  long last_serial = 1;
};

authority::authority(const std::string& name) : parts_(std::make_unique<parts>()) {
  parts_->certificate = begin(parts_->key.get(), name, 1);
  auto* c = parts_->certificate.get();
  must(X509_set_issuer_name(c, X509_get_subject_name(c)) == 1);
  extend(c, c, NID_basic_constraints, "critical,CA:TRUE");
  extend(c, c, NID_key_usage, "critical,keyCertSign,cRLSign");
  extend(c, c, NID_subject_key_identifier, "hash");
  must(X509_sign(c, parts_->key.get(), EVP_sha256()) > 0);
}

authority::~authority() = default;

std::string authority::pem() const {
  return pem_of(parts_->certificate.get());
}

identity authority::sign(const std::string& alternative_names) const {
  const auto key = make_key();
  const auto c = begin(key.get(), "test", ++parts_->last_serial);
  auto* issuer = parts_->certificate.get();
  must(X509_set_issuer_name(c.get(), X509_get_subject_name(issuer)) == 1);
  extend(c.get(), issuer, NID_subject_alt_name, alternative_names.c_str());
  extend(c.get(), issuer, NID_authority_key_identifier, "keyid");
  must(X509_sign(c.get(), parts_->key.get(), EVP_sha256()) > 0);
  return {pem_of(c.get()), pem_of(key.get())};
}

} // namespace o3::test
