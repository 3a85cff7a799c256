#include "agent/http/basic_auth.h"

#include <crypt.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

#include <algorithm>
#include <memory>
#include <utility>

namespace netclsd {
namespace {

constexpr std::string_view kScheme = "Basic ";

bool is_same_scheme(std::string_view text) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; };
  return text.size() >= kScheme.size() &&
         std::equal(kScheme.begin(), kScheme.end(), text.begin(), [&](char a, char b) { return lower(a) == lower(b); });
}

// False if it is not base64 with its padding.
bool decode_base64(std::string_view text, std::string& out) {
  if (text.empty() || text.size() % 4 != 0) return false;
  const auto* bytes = reinterpret_cast<const unsigned char*>(text.data());
  out.resize(text.size() / 4 * 3);
  const int n = EVP_DecodeBlock(reinterpret_cast<unsigned char*>(out.data()), bytes, static_cast<int>(text.size()));
  if (n < 0) return false;
  const auto padding = static_cast<std::size_t>(text.ends_with("==") ? 2 : text.ends_with("=") ? 1 : 0);
  out.resize(static_cast<std::size_t>(n) - padding);
  return true;
}

bool is_equal(const std::string& a, const std::string& b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

// A hash of which nobody knows the password. It costs as much as the most expensive of the users' hashes.
std::string hash_of_nobody(const std::map<std::string, std::string>& users) {
  constexpr std::size_t kCostAt = 4;
  std::string cost = "04";
  for (const auto& [name, hash] : users) cost = std::max(cost, hash.substr(kCostAt, 2));
  return "$2b$" + cost + "$" + std::string(53, '.');
}

// Each field has its length before it, so no two lists of fields make the same text.
void append_field(std::string& text, std::string_view field) {
  text.append(std::to_string(field.size())).append(":").append(field);
}

}  // namespace

std::string hash_password(const std::string& password, const std::string& like) {
  const auto scratch = std::make_unique<crypt_data>();  // 32 KiB, zeroed
  const char* hash = crypt_r(password.c_str(), like.c_str(), scratch.get());
  std::string out = hash == nullptr ? "" : hash;
  OPENSSL_cleanse(scratch.get(), sizeof(crypt_data));
  return out;
}

BasicAuth::BasicAuth(PasswordHasher hasher) : hasher_(std::move(hasher)) {}

Result<void> BasicAuth::set_users(std::map<std::string, std::string> users) {
  Digest key;
  if (RAND_bytes(key.data(), static_cast<int>(key.size())) != 1) {
    return failure(ErrorCode::kSystem, "basic_auth_users: OpenSSL has no random numbers");
  }
  const std::lock_guard lock(mutex_);
  key_ = key;
  users_ = std::move(users);
  nobodys_hash_ = hash_of_nobody(users_);
  accepted_.clear();
  return {};
}

bool BasicAuth::decode(std::string_view authorization, Credentials& out) {
  if (authorization.size() > kCredentialsMax_bytes || !is_same_scheme(authorization)) return false;
  std::string text;
  if (!decode_base64(authorization.substr(kScheme.size()), text)) return false;
  const std::size_t colon = text.find(':');
  if (colon == std::string::npos) return false;
  out = {text.substr(0, colon), text.substr(colon + 1)};
  OPENSSL_cleanse(text.data(), text.size());
  return out.password.find('\0') == std::string::npos;  // crypt(3) would read it only up to there
}

Login BasicAuth::check(std::string_view authorization) {
  Credentials given;
  const bool is_decoded = decode(authorization, given);
  std::string hash;
  bool is_known = false;
  {
    const std::lock_guard lock(mutex_);
    if (users_.empty()) return Login::kAccepted;
    if (!is_decoded) return Login::kRefused;
    const auto user = users_.find(given.user);
    is_known = user != users_.end();
    hash = is_known ? user->second : nobodys_hash_;
    const auto digest = digest_of(given, hash);
    if (digest && accepted_.contains(*digest)) return Login::kAccepted;
  }
  const Login login = compare(given, hash, is_known);
  OPENSSL_cleanse(given.password.data(), given.password.size());
  return login;
}

Login BasicAuth::compare(const Credentials& given, const std::string& hash, bool is_known) {
  const std::unique_lock alone(hashing_, std::try_to_lock);
  if (!alone) return Login::kBusy;
  const bool is_right = is_equal(hasher_(given.password, hash), hash);
  if (!is_right || !is_known) return Login::kRefused;
  const std::lock_guard lock(mutex_);
  if (accepted_.size() == kAcceptedMax) accepted_.clear();
  if (const auto digest = digest_of(given, hash)) accepted_.insert(*digest);
  return Login::kAccepted;
}

std::optional<BasicAuth::Digest> BasicAuth::digest_of(const Credentials& given, const std::string& hash) const {
  std::string text;
  append_field(text, given.user);
  append_field(text, hash);
  append_field(text, given.password);
  Digest digest;
  const auto* bytes = reinterpret_cast<const unsigned char*>(text.data());
  const auto* made =
      HMAC(EVP_sha256(), key_.data(), static_cast<int>(key_.size()), bytes, text.size(), digest.data(), nullptr);
  OPENSSL_cleanse(text.data(), text.size());
  return made == nullptr ? std::nullopt : std::optional(digest);
}

}  // namespace netclsd
