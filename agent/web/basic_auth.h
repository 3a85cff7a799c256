// Who may ask, by HTTP basic authentication: users and their passwords' bcrypt hashes.
//
// A bcrypt costs a tenth of a second of CPU, and anybody may ask for one. So only one is computed at a time: who comes
// meanwhile with a password that is not known to be right is told to come again (kBusy), and a worker is left for the
// others. A password that was right once is known from then on and costs a keyed hash. Who guesses names learns nothing
// from the time: an unknown user costs the same bcrypt as a known one.
//
// Callable from any thread.
#pragma once

#include <array>
#include <functional>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <string_view>

#include "agent/server/login.h"

namespace netclsd {

inline constexpr std::size_t kCredentialsMax_bytes = 1024;  // of an Authorization header
inline constexpr std::size_t kAcceptedMax = 1024;           // passwords that are known to be right

// crypt(3): the hash of a password by another hash's method, cost and salt. Empty when it cannot.
using PasswordHasher = std::function<std::string(const std::string& password, const std::string& like)>;
[[nodiscard]] std::string hash_password(const std::string& password, const std::string& like);

class BasicAuth {
 public:
  explicit BasicAuth(PasswordHasher hasher = hash_password);

  // Name → bcrypt hash, as web_config.h checks them. Empty: everybody is accepted.
  void set_users(std::map<std::string, std::string> users);

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
  [[nodiscard]] Digest digest_of(const Credentials& given, const std::string& hash) const;

  const PasswordHasher hasher_;
  Digest key_;  // random: what is in memory says nothing about a password
  std::mutex hashing_;
  std::mutex mutex_;  // of what follows
  std::map<std::string, std::string> users_;
  std::string nobodys_hash_;
  std::set<Digest> accepted_;
};

}  // namespace netclsd
