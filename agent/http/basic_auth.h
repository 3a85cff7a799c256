// Who may ask, by HTTP basic authentication: users and the bcrypt hashes of their passwords.
//
// A bcrypt costs a tenth of a second of CPU, and anybody may cause one. So only one is computed at a time: a request
// that comes meanwhile with a password not yet known to be right is answered "come again" (kBusy), and one worker stays
// free for others. A password that was right once is remembered and costs a keyed hash from then on. Response times do
// not tell which users exist: an unknown user costs the same bcrypt as a known one.
//
// Callable from any thread.
#pragma once

#include <array>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "common/base/error.h"

namespace netclsd {

enum class Login {
  kAccepted,
  kRefused,  // 401
  kBusy,     // 503: another password is being checked
};

// Takes the value of the Authorization header, which is empty without one. Called on worker threads.
using LoginCheck = std::function<Login(std::string_view authorization)>;

inline constexpr std::size_t kCredentialsMax_bytes = 1024;  // of an Authorization header
inline constexpr std::size_t kAcceptedMax = 1024;           // passwords that are known to be right

// crypt(3): the hash of a password by another hash's method, cost and salt. Empty after an error.
using PasswordHasher = std::function<std::string(const std::string& password, const std::string& like)>;
[[nodiscard]] std::string hash_password(const std::string& password, const std::string& like);

class BasicAuth {
 public:
  explicit BasicAuth(PasswordHasher hasher = hash_password);

  // Name → bcrypt hash, as web_config.h checks them. Empty: everybody is accepted. Forgets all passwords that were
  // right. After an error (OpenSSL has no random numbers) nothing has changed.
  [[nodiscard]] Result<void> set_users(std::map<std::string, std::string> users);

  // `authorization` is the header's value, empty without one.
  [[nodiscard]] Login check(std::string_view authorization);

 private:
  using Digest = std::array<unsigned char, 32>;
  struct Credentials {
    std::string user;
    std::string password;
  };

  [[nodiscard]] static bool decode(std::string_view authorization, Credentials& out);
  [[nodiscard]] Login compare(const Credentials& given, const std::string& hash, bool is_known);
  // With mutex_ held. std::nullopt: OpenSSL failed; then the password is checked each time.
  [[nodiscard]] std::optional<Digest> digest_of(const Credentials& given, const std::string& hash) const;

  const PasswordHasher hasher_;
  std::mutex hashing_;
  std::mutex mutex_;  // of what follows
  Digest key_{};      // random, another one for each set of users: accepted_ tells nothing about a password
  std::map<std::string, std::string> users_;
  std::string nobodys_hash_;
  std::set<Digest> accepted_;
};

}  // namespace netclsd
