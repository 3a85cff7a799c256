#include "agent/http/connection.h"

#include <gmock/gmock.h>
#include <poll.h>
#include <sys/socket.h>

#include <thread>

#include "raw_client.h"

namespace netclsd {
namespace {

using Next = Connection::Next;
using std::chrono::milliseconds;
using testing::HasSubstr;

const std::string kRequest = "GET /livez HTTP/1.1\r\nHost: x\r\n\r\n";

// Both ends of a connection; the server's is driven by hand.
class ConnectionTest : public testing::Test {
 protected:
  void SetUp() override { open(std::make_unique<PlainTransport>()); }

  void open(std::unique_ptr<Transport> transport) {
    int both[2];
    ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, both), 0);
    client_ = UniqueFd(both[0]);
    connection_ = std::make_unique<Connection>(UniqueFd(both[1]), std::move(transport), limits_, false);
  }

  // Until it is neither waiting for what the client has sent already, nor able to send.
  Next drain() {
    for (;;) {
      const Next next = connection_->proceed();
      pollfd ready{connection_->fd(), connection_->events(), 0};
      if (next != Next::kWait || ::poll(&ready, 1, 0) == 0) return next;
    }
  }
  Next after(std::string_view text) {
    send_text(client_, text);
    return drain();
  }
  RawResponse received() {
    connection_.reset();
    return receive(client_);
  }

  ConnectionLimits limits_;
  UniqueFd client_;
  std::unique_ptr<Connection> connection_;
};

TEST_F(ConnectionTest, ARequestIsServedWhenItIsWholeAndClosedWhenItIsAnswered) {
  EXPECT_EQ(after("GET /livez HTTP/1.1\r\n"), Next::kWait);
  EXPECT_EQ(after("Host: x\r\n\r\n"), Next::kServe);
  EXPECT_EQ(connection_->request(), kRequest);
  EXPECT_EQ(connection_->answer("HTTP/1.1 200 OK\r\n\r\nok"), Next::kClose);
  EXPECT_EQ(received().body, "ok");
}

TEST_F(ConnectionTest, WhatFollowsARequestIsNotOfIt) {
  EXPECT_EQ(after(kRequest + "GET / garbage"), Next::kServe);
  EXPECT_EQ(connection_->request(), kRequest);
}

TEST_F(ConnectionTest, WhatIsSentTooMuchIsReadUntilTheEndOrTheAnswerWouldBeLost) {
  ASSERT_EQ(after(kRequest + "garbage"), Next::kServe);
  EXPECT_EQ(connection_->answer("HTTP/1.1 200 OK\r\n\r\nok"), Next::kWait);
  EXPECT_EQ(after(std::string(100'000, 'x')), Next::kWait);
  ::shutdown(client_.get(), SHUT_WR);
  EXPECT_EQ(drain(), Next::kClose);
  EXPECT_EQ(received().status, 200);
}

TEST_F(ConnectionTest, NonsenseIsAnsweredAtOnce) {
  EXPECT_EQ(after("nonsense\n"), Next::kWait);
  EXPECT_EQ(received().status, 400);
}

TEST_F(ConnectionTest, AFloodOfHeadersIs431) {
  EXPECT_EQ(after("GET / HTTP/1.1\r\n" + std::string(64U << 10, 'x')), Next::kWait);
  const RawResponse response = received();
  EXPECT_EQ(response.status, 431);
  EXPECT_THAT(response.body, HasSubstr("64 KiB"));
}

TEST_F(ConnectionTest, ABodyThatIsTooLargeIsRefusedBeforeItComes) {
  EXPECT_EQ(after("PUT / HTTP/1.1\r\nContent-Length: 1048577\r\n\r\n"), Next::kWait);
  EXPECT_EQ(received().status, 413);
}

TEST_F(ConnectionTest, AnEndInTheMiddleIs400AndAnEndAtTheBeginningIsTheEnd) {
  send_text(client_, "PUT / HTTP/1.1\r\nContent-Length: 5\r\n\r\n123");
  ::shutdown(client_.get(), SHUT_WR);
  EXPECT_EQ(drain(), Next::kClose);
  EXPECT_EQ(received().status, 400);

  SetUp();
  ::shutdown(client_.get(), SHUT_WR);
  EXPECT_EQ(drain(), Next::kClose);
  EXPECT_EQ(received().status, 0);
}

TEST_F(ConnectionTest, AClientThatIsGoneIsTheEnd) {
  send_text(client_, "GET / HT");
  client_.reset();
  EXPECT_EQ(drain(), Next::kClose);
}

TEST_F(ConnectionTest, ALateRequestIs408AndOneThatNeverBeganIsTheEnd) {
  EXPECT_EQ(connection_->give_up(), Next::kClose);
  EXPECT_EQ(after("GET /"), Next::kWait);
  EXPECT_EQ(connection_->give_up(), Next::kWait);
  EXPECT_EQ(connection_->give_up(), Next::kClose) << "it had time to take the answer, too";
  EXPECT_EQ(received().status, 408);
}

TEST_F(ConnectionTest, ALargeAnswerGoesOutAsTheClientTakesIt) {
  ASSERT_EQ(after(kRequest), Next::kServe);
  const std::string body(4U << 20, 'x');
  ASSERT_EQ(connection_->answer("HTTP/1.1 200 OK\r\n\r\n" + body), Next::kWait);
  EXPECT_TRUE(connection_->owes_answer());
  EXPECT_TRUE(connection_->events() & POLLOUT);
  RawResponse response;
  std::thread reader([&] { response = receive(client_); });
  Next next = Next::kWait;
  while (next == Next::kWait) {
    pollfd ready{connection_->fd(), connection_->events(), 0};
    ASSERT_EQ(::poll(&ready, 1, 5000), 1);
    next = connection_->proceed();
  }
  connection_.reset();
  reader.join();
  EXPECT_EQ(next, Next::kClose);
  EXPECT_EQ(response.body.size(), body.size());
}

// Every byte is one more on the wire, and it says "hi" first.
class ShiftingTransport : public Transport {
 public:
  bool receive(std::string_view wire, std::string& request) override {
    for (const char c : wire) {
      if (c == '~') return false;
      request += static_cast<char>(c - 1);
    }
    return true;
  }
  bool send(std::string_view answer, std::string& wire) override {
    for (const char c : answer) wire += static_cast<char>(c + 1);
    return true;
  }
  void flush(std::string& wire) override {
    if (!has_said_hi_) wire += "hi";
    has_said_hi_ = true;
  }

 private:
  bool has_said_hi_ = false;
};

std::string shifted(std::string text) {
  for (char& c : text) ++c;
  return text;
}

TEST_F(ConnectionTest, ATransportIsBetweenTheBytesAndTheRequest) {
  open(std::make_unique<ShiftingTransport>());
  EXPECT_EQ(after(shifted("GET")), Next::kWait);
  char hi[3] = {};
  ASSERT_EQ(::recv(client_.get(), hi, 2, 0), 2);
  EXPECT_STREQ(hi, "hi");
  EXPECT_EQ(after(shifted(kRequest.substr(3))), Next::kServe);
  EXPECT_EQ(connection_->request(), kRequest);
  EXPECT_EQ(connection_->answer("ok"), Next::kClose);
  ASSERT_EQ(::recv(client_.get(), hi, 2, 0), 2);
  EXPECT_EQ(hi, shifted("ok"));
}

TEST_F(ConnectionTest, WhoBreaksTheTransportsProtocolIsToldSoByIt) {
  open(std::make_unique<ShiftingTransport>());
  EXPECT_EQ(after("~"), Next::kWait);
  ::shutdown(client_.get(), SHUT_WR);
  EXPECT_EQ(drain(), Next::kClose);
  char hi[8] = {};
  EXPECT_EQ(::recv(client_.get(), hi, sizeof hi, 0), 2);
}

}  // namespace
}  // namespace netclsd
