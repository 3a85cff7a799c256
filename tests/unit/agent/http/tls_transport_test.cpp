#include "agent/http/tls.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "tests/unit/agent/http/tls_client.h"
#include "tests/unit/common/temporary_directory.h"

namespace netclsd {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

const std::string kTlsRequest = "GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n";

class TlsTransportTest : public testing::Test {
 protected:
  TlsTransportTest() {
    write("cert.pem", server_.certificate);
    write("key.pem", server_.key);
    write("ca.pem", authority_.certificate);
    config_.certificate.path = directory_.path("cert.pem");
    config_.key.path = directory_.path("key.pem");
  }

  void write(const std::string& name, const std::string& text) { directory_.write(name, text); }

  void ask_for_certificates(ClientAuth client_auth) {
    config_.client_auth = client_auth;
    if (client_auth == ClientAuth::kVerifyIfGiven || client_auth == ClientAuth::kRequireAndVerify) {
      config_.client_ca = NamedFile{directory_.path("ca.pem"), ""};
    }
  }

  std::unique_ptr<TlsTransport> make_server() {
    auto context = make_tls_context(config_);
    EXPECT_TRUE(context) << context.error().message();
    return TlsTransport::make(context->get());  // the connection keeps the context
  }

  // Whether a client's request arrives and the answer comes back.
  bool serves(TlsClient& client, std::size_t chunk = 1 << 16) {
    const auto server = make_server();
    std::string request;
    if (!client.talk(*server, request, chunk) || !client.shake_hands()) return false;
    client.write(kTlsRequest);
    if (!client.talk(*server, request, chunk)) return false;
    EXPECT_EQ(request, kTlsRequest);
    const std::string answer = "HTTP/1.1 200 OK\r\n\r\n" + std::string(100'000, 'x');
    std::string wire;
    EXPECT_TRUE(server->send(answer, wire));
    client.give_wire(wire);
    EXPECT_EQ(client.read(), answer);
    EXPECT_TRUE(client.has_said_goodbye());
    return true;
  }
  bool serves_client_with(const MadeCertificate* certificate) {
    TlsClient client(certificate);
    return serves(client);
  }

  const TemporaryDirectory directory_;
  const MadeCertificate authority_ = make_certificate("authority");
  const MadeCertificate server_ = make_certificate("server", &authority_);
  const MadeCertificate member_ = make_certificate("member", &authority_);
  const MadeCertificate stranger_ = make_certificate("stranger");
  TlsConfig config_;
};

TEST_F(TlsTransportTest, ARequestArrivesAndItsAnswerComesBack) {
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    TlsClient client(version, version);
    EXPECT_TRUE(serves(client)) << version;
  }
}

TEST_F(TlsTransportTest, BytesMayComeOneByOne) {
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    TlsClient client(version, version);
    EXPECT_TRUE(serves(client, 1)) << version;
  }
}

TEST_F(TlsTransportTest, OlderVersionsAreRefused) {
  for (const int version : {TLS1_VERSION, TLS1_1_VERSION}) {
    TlsClient client(version, version);
    EXPECT_FALSE(serves(client)) << version;
  }
}

TEST_F(TlsTransportTest, TheConfigurationsVersionsHold) {
  config_.min_version = TlsVersion::kTls13;
  TlsClient old_client(TLS1_2_VERSION, TLS1_2_VERSION);
  EXPECT_FALSE(serves(old_client));
  config_.min_version = config_.max_version = TlsVersion::kTls12;
  TlsClient new_client(TLS1_3_VERSION, TLS1_3_VERSION);
  EXPECT_FALSE(serves(new_client));
}

TEST_F(TlsTransportTest, SuitesWithoutForwardSecrecyAreRefused) {
  TlsClient client(TLS1_2_VERSION, TLS1_2_VERSION);
  SSL_set_cipher_list(client.ssl(), "ECDHE-ECDSA-AES128-SHA:AES128-SHA:AES128-GCM-SHA256");
  EXPECT_FALSE(serves(client));
}

TEST_F(TlsTransportTest, TheConfigurationsSuitesHold) {
  config_.cipher_suites = {"ECDHE-ECDSA-AES256-GCM-SHA384"};
  TlsClient client(TLS1_2_VERSION, TLS1_2_VERSION);
  EXPECT_TRUE(serves(client));
  EXPECT_STREQ(SSL_get_cipher_name(client.ssl()), "ECDHE-ECDSA-AES256-GCM-SHA384");
}

TEST_F(TlsTransportTest, NoTicketIsGivenAndNothingIsResumed) {
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    TlsClient first(version, version);
    ASSERT_TRUE(serves(first));
    SSL_SESSION* session = SSL_get1_session(first.ssl());
    EXPECT_FALSE(SSL_SESSION_has_ticket(session));
    TlsClient second(version, version);
    SSL_set_session(second.ssl(), session);
    EXPECT_TRUE(serves(second));
    EXPECT_FALSE(SSL_session_reused(second.ssl()));
    SSL_SESSION_free(session);
  }
}

TEST_F(TlsTransportTest, NoClientRenegotiates) {
  TlsClient client(TLS1_2_VERSION, TLS1_2_VERSION);
  const auto server = make_server();
  std::string request;
  ASSERT_TRUE(client.talk(*server, request));
  SSL_renegotiate(client.ssl());
  EXPECT_FALSE(client.talk(*server, request));
  EXPECT_FALSE(client.shake_hands());
  EXPECT_EQ(request, "");
}

struct ClientAuthCase {
  ClientAuth client_auth;
  bool admits_nobody;  // who shows no certificate
  bool admits_stranger;
};

class ClientAuthTest : public TlsTransportTest, public testing::WithParamInterface<ClientAuthCase> {};

TEST_P(ClientAuthTest, AdmitsWhomItShould) {
  ask_for_certificates(GetParam().client_auth);
  EXPECT_TRUE(serves_client_with(&member_));
  EXPECT_EQ(serves_client_with(nullptr), GetParam().admits_nobody);
  EXPECT_EQ(serves_client_with(&stranger_), GetParam().admits_stranger);
}

INSTANTIATE_TEST_SUITE_P(All, ClientAuthTest,
                         testing::Values(ClientAuthCase{ClientAuth::kNone, true, true},
                                         ClientAuthCase{ClientAuth::kRequest, true, true},
                                         ClientAuthCase{ClientAuth::kRequireAny, false, true},
                                         ClientAuthCase{ClientAuth::kVerifyIfGiven, true, false},
                                         ClientAuthCase{ClientAuth::kRequireAndVerify, false, false}));

TEST_F(TlsTransportTest, AnExpiredClientCertificateIsRefused) {
  ask_for_certificates(ClientAuth::kRequireAndVerify);
  const MadeCertificate expired = make_certificate("member", &authority_, true);
  EXPECT_FALSE(serves_client_with(&expired));
}

TEST_F(TlsTransportTest, PlainHttpIsToldSo) {
  const auto server = make_server();
  std::string request;
  EXPECT_FALSE(server->receive(kTlsRequest, request));
  std::string wire;
  server->flush(wire);
  EXPECT_THAT(wire, StartsWith("HTTP/1.0 400 Bad Request\r\n"));
  EXPECT_THAT(wire, HasSubstr("Client sent an HTTP request to an HTTPS server."));
  EXPECT_EQ(request, "");
}

TEST_F(TlsTransportTest, GarbageEndsTheConnectionAndIsNoRequest) {
  std::mt19937 random(20261122);
  for (int round = 0; round < 200; ++round) {
    std::string garbage(1 + random() % 2000, '\0');
    for (char& c : garbage) c = static_cast<char>(random());
    const auto server = make_server();
    std::string request;
    if (server->receive(garbage, request)) continue;  // a record's header may announce more than came
    std::string wire;
    server->flush(wire);
    EXPECT_FALSE(server->receive(garbage, request));
    EXPECT_EQ(request, "");
  }
}

// The client's part of a whole conversation with one byte changed never becomes another request.
TEST_F(TlsTransportTest, AChangedByteNeverMakesAnotherRequest) {
  for (std::size_t at = 0; at < 600; at += 3) {
    TlsClient client(TLS1_3_VERSION, TLS1_3_VERSION);
    const auto server = make_server();
    std::string request;
    client.shake_hands();
    std::string wire = client.take_wire();
    bool goes_on = true;
    for (std::size_t sent = 0; goes_on && !wire.empty(); sent += wire.size(), wire = client.take_wire()) {
      if (at >= sent && at - sent < wire.size()) wire[at - sent] = static_cast<char>(wire[at - sent] ^ 1);
      goes_on = server->receive(wire, request);
      std::string answer;
      server->flush(answer);
      client.give_wire(answer);
      if (client.shake_hands() && sent < wire.size() * 2) client.write(kTlsRequest);
    }
    ASSERT_TRUE(request.empty() || request == kTlsRequest || request == kTlsRequest + kTlsRequest) << at;
  }
}

TEST_F(TlsTransportTest, ATruncatedHandshakeWaitsForMore) {
  TlsClient client;
  client.shake_hands();
  const std::string hello = client.take_wire();
  for (std::size_t size = 0; size < hello.size(); ++size) {
    const auto server = make_server();
    std::string request;
    ASSERT_TRUE(server->receive(std::string_view(hello).substr(0, size), request)) << size;
    std::string wire;
    server->flush(wire);
    ASSERT_EQ(wire, "") << size;
  }
}

TEST_F(TlsTransportTest, AHandshakeHasALimit) {
  TlsClient client;
  const auto server = make_server();
  std::string request;
  client.shake_hands();
  ASSERT_TRUE(server->receive(client.take_wire(), request));
  // Handshake records that are never whole: each announces more than it brings.
  bool goes_on = true;
  std::size_t sent = 0;
  const std::string record = std::string("\x14\x03\x03\x00\x01\x01", 6);  // change_cipher_spec, which TLS 1.3 ignores
  while (goes_on && sent < 4 * kHandshakeMax_bytes) {
    goes_on = server->receive(record, request);
    sent += record.size();
  }
  EXPECT_FALSE(goes_on);
  EXPECT_LE(sent, kHandshakeMax_bytes + record.size());
}

TEST_F(TlsTransportTest, WhoSaidGoodbyeIsNotHeardAgain) {
  TlsClient client;
  const auto server = make_server();
  std::string request;
  ASSERT_TRUE(client.talk(*server, request));
  client.write(kTlsRequest);
  SSL_shutdown(client.ssl());
  EXPECT_TRUE(client.talk(*server, request));
  EXPECT_EQ(request, kTlsRequest);
  EXPECT_TRUE(server->receive("", request));
  EXPECT_FALSE(server->receive("more", request));
}

}  // namespace
}  // namespace netclsd
