#include "tests/unit/agent/http/made_certificates.h"

#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <functional>
#include <memory>

#include "common/base/error.h"

namespace netclsd {
namespace {

constexpr long kHour_s = 3600;

std::string text_of(const std::function<int(BIO*)>& write) {
  const std::unique_ptr<BIO, int (*)(BIO*)> bio(BIO_new(BIO_s_mem()), BIO_free);
  CHECK(write(bio.get()) == 1);
  char* bytes = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &bytes);
  return {bytes, static_cast<std::size_t>(size)};
}

template <typename T>
T* read(const std::string& pem, T* (*reader)(BIO*, T**, pem_password_cb*, void*)) {
  const std::unique_ptr<BIO, int (*)(BIO*)> bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())), BIO_free);
  return reader(bio.get(), nullptr, nullptr, nullptr);
}

void set_name(X509* certificate, const std::string& name) {
  X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate), "CN", MBSTRING_UTF8,
                             reinterpret_cast<const unsigned char*>(name.c_str()), -1, -1, 0);
}

void make_an_authority(X509* certificate) {
  X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, nullptr, NID_basic_constraints, "critical,CA:TRUE");
  X509_add_ext(certificate, extension, -1);
  X509_EXTENSION_free(extension);
}

}  // namespace

MadeCertificate make_certificate(const std::string& name, const MadeCertificate* issuer, bool is_expired) {
  static long serial = 0;
  EVP_PKEY* key = EVP_EC_gen("P-256");
  X509* certificate = X509_new();
  X509_set_version(certificate, X509_VERSION_3);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate), ++serial);
  X509_gmtime_adj(X509_getm_notBefore(certificate), -10 * kHour_s);
  X509_gmtime_adj(X509_getm_notAfter(certificate), is_expired ? -kHour_s : kHour_s);
  X509_set_pubkey(certificate, key);
  set_name(certificate, name);
  EVP_PKEY* signer = issuer == nullptr ? key : read(issuer->key, PEM_read_bio_PrivateKey);
  X509* by = issuer == nullptr ? certificate : read(issuer->certificate, PEM_read_bio_X509);
  X509_set_issuer_name(certificate, X509_get_subject_name(by));
  if (issuer == nullptr) make_an_authority(certificate);
  CHECK(X509_sign(certificate, signer, EVP_sha256()) > 0);
  MadeCertificate made{text_of([&](BIO* bio) { return PEM_write_bio_X509(bio, certificate); }), text_of([&](BIO* bio) {
                         return PEM_write_bio_PrivateKey(bio, key, nullptr, nullptr, 0, nullptr, nullptr);
                       })};
  if (issuer != nullptr) {
    EVP_PKEY_free(signer);
    X509_free(by);
  }
  X509_free(certificate);
  EVP_PKEY_free(key);
  return made;
}

}  // namespace netclsd
