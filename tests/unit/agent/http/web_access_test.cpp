#include "agent/http/web_access.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/agent/http/tls_client.h"
#include "tests/unit/common/temporary_directory.h"

namespace netclsd {
namespace {

using testing::HasSubstr;

// Of "open sesame".
const std::string kHash = hash_password("open sesame", "$2b$04$abcdefghijklmnopqrstuu");
constexpr const char* kRight = "Basic cHJvbWV0aGV1czpvcGVuIHNlc2FtZQ==";

class WebAccessTest : public testing::Test {
 protected:
  WebAccessTest() {
    write_pair("first");
    write_config();
    auto loaded = WebAccess::load(file());
    EXPECT_TRUE(loaded) << loaded.error().message();
    access_ = std::move(*loaded);
  }

  std::string file() const { return directory_.path("web.yaml"); }
  void write_config(const std::string& user = "prometheus") {
    directory_.write("web.yaml", "tls_server_config: {cert_file: cert.pem, key_file: key.pem}\nbasic_auth_users: {" +
                                     user + ": " + kHash + "}\n");
  }
  void write_pair(const std::string& name) {
    const MadeCertificate made = make_certificate(name);
    directory_.write("cert.pem", made.certificate);
    directory_.write("key.pem", made.key);
  }
  std::string name_that_is_shown() {
    TlsClient client;
    const auto server = access_->make_transport();
    std::string request;
    EXPECT_TRUE(client.talk(*server, request));
    return client.servers_name();
  }

  const TemporaryDirectory directory_;
  std::unique_ptr<WebAccess> access_;
};

TEST_F(WebAccessTest, WithoutAFileItIsPlainAndForEverybody) {
  const auto open = WebAccess::load(std::nullopt);
  ASSERT_TRUE(open);
  EXPECT_FALSE((*open)->has_tls());
  EXPECT_EQ((*open)->check_login(""), Login::kAccepted);
  EXPECT_TRUE((*open)->reload());
  EXPECT_FALSE((*open)->reload_if_changed());
  EXPECT_THAT((*open)->files(), testing::IsEmpty());
}

TEST_F(WebAccessTest, TheFilesTlsAndUsersHold) {
  EXPECT_TRUE(access_->has_tls());
  EXPECT_EQ(name_that_is_shown(), "first");
  EXPECT_EQ(access_->check_login(""), Login::kRefused);
  EXPECT_EQ(access_->check_login(kRight), Login::kAccepted);
}

TEST_F(WebAccessTest, AFileThatIsBadIsNotLoaded) {
  directory_.write("key.pem", "");
  EXPECT_FALSE(WebAccess::load(file()));
  EXPECT_FALSE(WebAccess::load(directory_.path("none.yaml")));
}

TEST_F(WebAccessTest, AnotherCertificateIsNoticedAndTakenUpOnce) {
  EXPECT_FALSE(access_->reload_if_changed());
  write_pair("second");
  EXPECT_EQ(name_that_is_shown(), "first");
  const auto reloaded = access_->reload_if_changed();
  ASSERT_TRUE(reloaded);
  EXPECT_TRUE(*reloaded);
  EXPECT_EQ(name_that_is_shown(), "second");
  EXPECT_FALSE(access_->reload_if_changed());
}

TEST_F(WebAccessTest, OtherUsersAreTakenUp) {
  write_config("somebody");
  ASSERT_TRUE(access_->reload());
  EXPECT_EQ(access_->check_login(kRight), Login::kRefused);
}

TEST_F(WebAccessTest, ABadFileChangesNothingAndIsToldOnce) {
  directory_.write("web.yaml", "no_such_key: 1\n");
  const auto reloaded = access_->reload_if_changed();
  ASSERT_TRUE(reloaded);
  EXPECT_THAT(reloaded->error().message(), HasSubstr("web.yaml:1: unknown key \"no_such_key\""));
  EXPECT_FALSE(access_->reload_if_changed());
  EXPECT_EQ(name_that_is_shown(), "first");
  EXPECT_EQ(access_->check_login(kRight), Login::kAccepted);
  EXPECT_EQ(access_->check_login(""), Login::kRefused);
}

// A certificate and its key are two files: between two writes they do not belong together.
TEST_F(WebAccessTest, ACertificateWithoutItsKeyYetWaitsForIt) {
  const MadeCertificate made = make_certificate("second");
  directory_.write("cert.pem", made.certificate);
  const auto early = access_->reload_if_changed();
  ASSERT_TRUE(early);
  EXPECT_FALSE(*early);
  EXPECT_EQ(name_that_is_shown(), "first");
  directory_.write("key.pem", made.key);
  const auto late = access_->reload_if_changed();
  ASSERT_TRUE(late);
  EXPECT_TRUE(*late);
  EXPECT_EQ(name_that_is_shown(), "second");
}

TEST_F(WebAccessTest, AFileThatIsGoneChangesNothingAndOneThatIsBackIsTakenUp) {
  std::filesystem::rename(directory_.path("cert.pem"), directory_.path("away.pem"));
  ASSERT_TRUE(access_->reload_if_changed());
  EXPECT_EQ(name_that_is_shown(), "first");
  write_pair("second");
  const auto back = access_->reload_if_changed();
  ASSERT_TRUE(back);
  EXPECT_TRUE(*back);
  EXPECT_EQ(name_that_is_shown(), "second");
}

TEST_F(WebAccessTest, TlsNeitherComesNorGoesWhileItRuns) {
  directory_.write("web.yaml", "basic_auth_users: {prometheus: " + kHash + "}\n");
  const auto reloaded = access_->reload();
  ASSERT_FALSE(reloaded);
  EXPECT_THAT(reloaded.error().message(), HasSubstr("tls_server_config was added or removed, which needs a restart"));
  EXPECT_EQ(name_that_is_shown(), "first");
}

TEST_F(WebAccessTest, AConnectionOutlivesItsCertificate) {
  TlsClient client;
  const auto server = access_->make_transport();
  write_pair("second");
  ASSERT_TRUE(access_->reload());
  std::string request;
  EXPECT_TRUE(client.talk(*server, request));
  EXPECT_EQ(client.servers_name(), "first");
}

}  // namespace
}  // namespace netclsd
