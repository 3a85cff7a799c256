#include "agent/http/basic_auth.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <openssl/rand.h>

#include <atomic>
#include <condition_variable>
#include <thread>

namespace netclsd {
namespace {

// Of "open sesame", with cost 4.
const std::string kSalt = "$2b$04$abcdefghijklmnopqrstuu";

std::string basic(const std::string& text) {
  std::string out(4 * ((text.size() + 2) / 3) + 1, '\0');
  const auto* bytes = reinterpret_cast<const unsigned char*>(text.data());
  out.resize(static_cast<std::size_t>(
      EVP_EncodeBlock(reinterpret_cast<unsigned char*>(out.data()), bytes, static_cast<int>(text.size()))));
  return "Basic " + out;
}

std::map<std::string, std::string> one_user(const std::string& salt = kSalt) {
  return {{"prometheus", hash_password("open sesame", salt)}};
}

// Counts what it is asked for.
struct CountingHasher {
  std::vector<std::string> settings;
  PasswordHasher hasher() {
    return [this](const std::string& password, const std::string& like) {
      settings.push_back(like.substr(0, 7));
      return hash_password(password, like);
    };
  }
};

TEST(BasicAuthTest, WithoutUsersEverybodyIsAccepted) {
  BasicAuth auth;
  EXPECT_EQ(auth.check(""), Login::kAccepted);
  EXPECT_EQ(auth.check(basic("a:b")), Login::kAccepted);
}

TEST(BasicAuthTest, OnlyTheRightPasswordIsAccepted) {
  BasicAuth auth;
  ASSERT_TRUE(auth.set_users(one_user()));
  EXPECT_EQ(auth.check(basic("prometheus:open sesame")), Login::kAccepted);
  for (const char* wrong : {"prometheus:open", "prometheus:", "prometheus", "Prometheus:open sesame", ":open sesame",
                            ":", "nobody:open sesame", "prometheus:open sesame "}) {
    EXPECT_EQ(auth.check(basic(wrong)), Login::kRefused) << wrong;
  }
}

TEST(BasicAuthTest, EverySortOfBcryptIsUnderstood) {
  for (const char* sort : {"$2a$", "$2b$", "$2y$"}) {
    BasicAuth auth;
    ASSERT_TRUE(auth.set_users(one_user(sort + kSalt.substr(4))));
    EXPECT_EQ(auth.check(basic("prometheus:open sesame")), Login::kAccepted) << sort;
    EXPECT_EQ(auth.check(basic("prometheus:close sesame")), Login::kRefused) << sort;
  }
}

TEST(BasicAuthTest, APasswordMayHoldColonsAndAnything) {
  BasicAuth auth;
  ASSERT_TRUE(auth.set_users({{"u", hash_password("a:b:\xc3\xa4", kSalt)}}));
  EXPECT_EQ(auth.check(basic("u:a:b:\xc3\xa4")), Login::kAccepted);
  EXPECT_EQ(auth.check(basic("u:a")), Login::kRefused);
}

TEST(BasicAuthTest, WhatIsNoBasicHeaderIsRefusedWithoutABcrypt) {
  CountingHasher counting;
  BasicAuth auth(counting.hasher());
  ASSERT_TRUE(auth.set_users(one_user()));
  const std::string right = basic("prometheus:open sesame");
  for (const std::string& header :
       {std::string(), std::string("Basic"), std::string("Basic "), std::string("Bearer ") + right.substr(6),
        right.substr(0, right.size() - 1), std::string("Basic ===="), std::string("Basic !!!!"),
        basic(std::string("prometheus:open sesame\0x", 24)), basic("u:" + std::string(2000, 'x'))}) {
    EXPECT_EQ(auth.check(header), Login::kRefused) << header;
  }
  EXPECT_THAT(counting.settings, testing::IsEmpty());
}

TEST(BasicAuthTest, TheSchemesNameIsWrittenInAnyCase) {
  BasicAuth auth;
  ASSERT_TRUE(auth.set_users(one_user()));
  EXPECT_EQ(auth.check("bASIC " + basic("prometheus:open sesame").substr(6)), Login::kAccepted);
}

TEST(BasicAuthTest, ARightPasswordCostsOneBcryptAndAWrongOneEachTime) {
  CountingHasher counting;
  BasicAuth auth(counting.hasher());
  ASSERT_TRUE(auth.set_users(one_user()));
  for (int i = 0; i < 3; ++i) EXPECT_EQ(auth.check(basic("prometheus:open sesame")), Login::kAccepted);
  EXPECT_EQ(counting.settings.size(), 1U);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(auth.check(basic("prometheus:wrong")), Login::kRefused);
  EXPECT_EQ(counting.settings.size(), 4U);
}

TEST(BasicAuthTest, AnUnknownUserCostsTheSameAsTheDearestKnownOne) {
  CountingHasher counting;
  BasicAuth auth(counting.hasher());
  auto users = one_user();
  users.emplace("dear", hash_password("x", "$2b$05$abcdefghijklmnopqrstuu"));
  ASSERT_TRUE(auth.set_users(users));
  EXPECT_EQ(auth.check(basic("nobody:x")), Login::kRefused);
  EXPECT_THAT(counting.settings, testing::ElementsAre("$2b$05$"));
}

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"  // OpenSSL 3 still heeds it, and has nothing as simple
class NoRandomNumbers {
 public:
  NoRandomNumbers() {
    method_.bytes = [](unsigned char*, int) { return 0; };
    RAND_set_rand_method(&method_);
  }
  ~NoRandomNumbers() { RAND_set_rand_method(nullptr); }
  NoRandomNumbers(const NoRandomNumbers&) = delete;
  NoRandomNumbers& operator=(const NoRandomNumbers&) = delete;

 private:
  RAND_METHOD method_{};
};
#pragma GCC diagnostic pop

TEST(BasicAuthTest, WithoutRandomNumbersNothingChanges) {
  BasicAuth auth;
  ASSERT_TRUE(auth.set_users(one_user()));
  const NoRandomNumbers none;
  const auto set = auth.set_users({{"another", hash_password("x", kSalt)}});
  ASSERT_FALSE(set);
  EXPECT_THAT(set.error().message(), testing::HasSubstr("basic_auth_users: OpenSSL has no random numbers"));
  EXPECT_EQ(auth.check(basic("prometheus:open sesame")), Login::kAccepted);
  EXPECT_EQ(auth.check(basic("another:x")), Login::kRefused);
}

TEST(BasicAuthTest, NewUsersReplaceTheOldAndWhatWasKnownOfThem) {
  BasicAuth auth;
  ASSERT_TRUE(auth.set_users(one_user()));
  EXPECT_EQ(auth.check(basic("prometheus:open sesame")), Login::kAccepted);
  ASSERT_TRUE(auth.set_users({{"prometheus", hash_password("another", kSalt)}}));
  EXPECT_EQ(auth.check(basic("prometheus:open sesame")), Login::kRefused);
  EXPECT_EQ(auth.check(basic("prometheus:another")), Login::kAccepted);
}

// Stays in the hash until it is let go.
class BlockedHasher {
 public:
  PasswordHasher hasher() {
    return [this](const std::string&, const std::string&) {
      std::unique_lock lock(mutex_);
      is_inside_ = true;
      changed_.notify_all();
      changed_.wait(lock, [this] { return is_free_; });
      return std::string();
    };
  }
  void wait_until_inside() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return is_inside_; });
  }
  void let_go() {
    const std::lock_guard lock(mutex_);
    is_free_ = true;
    changed_.notify_all();
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool is_inside_ = false;
  bool is_free_ = false;
};

TEST(BasicAuthTest, WhileOneBcryptRunsTheNextIsSentAwayAndNobodyWaits) {
  BlockedHasher blocked;
  BasicAuth auth(blocked.hasher());
  ASSERT_TRUE(auth.set_users(one_user()));
  std::thread guess([&] { EXPECT_EQ(auth.check(basic("prometheus:guess")), Login::kRefused); });
  blocked.wait_until_inside();
  EXPECT_EQ(auth.check(basic("prometheus:another guess")), Login::kBusy);
  EXPECT_EQ(auth.check(""), Login::kRefused);
  blocked.let_go();
  guess.join();
}

TEST(BasicAuthTest, AKnownPasswordIsAcceptedWhileABcryptRuns) {
  BlockedHasher blocked;
  const auto slow = blocked.hasher();
  BasicAuth auth([&](const std::string& password, const std::string& like) {
    return password == "open sesame" ? hash_password(password, like) : slow(password, like);
  });
  ASSERT_TRUE(auth.set_users(one_user()));
  ASSERT_EQ(auth.check(basic("prometheus:open sesame")), Login::kAccepted);
  std::thread guess([&] { EXPECT_EQ(auth.check(basic("prometheus:guess")), Login::kRefused); });
  blocked.wait_until_inside();
  EXPECT_EQ(auth.check(basic("prometheus:open sesame")), Login::kAccepted);
  blocked.let_go();
  guess.join();
}

// bcrypt reads 72 bytes: one right password has any number of forms.
TEST(BasicAuthTest, KnownPasswordsHaveALimit) {
  std::size_t hashes = 0;
  BasicAuth auth([&](const std::string&, const std::string& like) {
    ++hashes;
    return like;
  });
  ASSERT_TRUE(auth.set_users({{"u", hash_password("x", kSalt)}}));
  for (std::size_t i = 0; i <= kAcceptedMax; ++i) {
    ASSERT_EQ(auth.check(basic("u:" + std::to_string(i))), Login::kAccepted);
  }
  EXPECT_EQ(auth.check(basic("u:0")), Login::kAccepted);
  EXPECT_EQ(hashes, kAcceptedMax + 2) << "the first was forgotten";
}

}  // namespace
}  // namespace netclsd
