#include "agent/http/http_message.h"

#include <gtest/gtest.h>

#include <string>

namespace netclsd {
namespace {

constexpr FramingLimits kLimits = {.head_max_bytes = 64U << 10, .body_max_bytes = 1U << 20};
const std::string kGet = "GET /livez HTTP/1.1\r\nHost: x\r\n\r\n";

std::string put(const std::string& headers, const std::string& body = {}) {
  return "PUT /v1/containers/ab12 HTTP/1.1\r\n" + headers + "\r\n" + body;
}

Framing framing_of(const std::string& received) { return measure(received, kLimits).framing; }

// A request whose head has exactly `size` bytes.
std::string head_of_size(std::size_t size) {
  const std::string begin = "GET / HTTP/1.1\r\nX: ";
  return begin + std::string(size - begin.size() - 4, 'x') + "\r\n\r\n";
}

TEST(HttpMessageTest, EveryPrefixOfARequestWantsMoreAndTheRequestIsWhole) {
  const std::string request = put("Host: x\r\nContent-Length: 5\r\n", "12345");
  for (std::size_t size = 0; size < request.size(); ++size) {
    EXPECT_EQ(framing_of(request.substr(0, size)), Framing::kMore) << size;
  }
  EXPECT_EQ(framing_of(request), Framing::kWhole);
}

TEST(HttpMessageTest, TheRequestsSizeIsKnownWithItsHead) {
  const std::string head = put("Content-Length: 5\r\n");
  EXPECT_EQ(measure(head, kLimits).wanted_bytes, head.size() + 5);
  EXPECT_EQ(measure(head + "12345" + kGet, kLimits).wanted_bytes, head.size() + 5) << "what follows is not of it";
  EXPECT_EQ(measure("GET", kLimits).wanted_bytes, 4U);
}

TEST(HttpMessageTest, WithoutALengthThereIsNoBody) {
  EXPECT_EQ(framing_of(kGet), Framing::kWhole);
  EXPECT_EQ(framing_of("POST /v1/sweep HTTP/1.1\r\n\r\n"), Framing::kWhole);
}

TEST(HttpMessageTest, NobodyWaitsForABodyThatWillBeRefused) {
  EXPECT_EQ(framing_of(put("Transfer-Encoding: chunked\r\n")), Framing::kWhole);
  EXPECT_EQ(framing_of(put("Content-Length: 9\r\nExpect: 100-continue\r\n")), Framing::kWhole);
}

TEST(HttpMessageTest, AHeadOf64KibibytesIsTheLargest) {
  EXPECT_EQ(framing_of(head_of_size(kLimits.head_max_bytes)), Framing::kWhole);
  EXPECT_EQ(framing_of(head_of_size(kLimits.head_max_bytes + 1)), Framing::kTooLarge);
  EXPECT_EQ(framing_of(head_of_size(kLimits.head_max_bytes + 1).substr(0, kLimits.head_max_bytes)), Framing::kTooLarge);
}

TEST(HttpMessageTest, ABodyOfOneMebibyteIsTheLargestAndAskedBeforeItComes) {
  EXPECT_EQ(framing_of(put("Content-Length: 1048576\r\n")), Framing::kMore);
  EXPECT_EQ(framing_of(put("Content-Length: 1048576\r\n", std::string(1U << 20, ' '))), Framing::kWhole);
  EXPECT_EQ(framing_of(put("Content-Length: 1048577\r\n")), Framing::kTooLarge);
  EXPECT_EQ(framing_of(put("Content-Length: 18446744073709551615\r\n")), Framing::kTooLarge);
}

TEST(HttpMessageTest, ALengthThatTwoReadersMayReadDifferentlyIsMalformed) {
  for (const char* headers :
       {"Content-Length: -1\r\n", "Content-Length: +5\r\n", "Content-Length: 5,5\r\n", "Content-Length: 0x5\r\n",
        "Content-Length:\r\n", "Content-Length: 5 5\r\n", "Content-Length: 18446744073709551616\r\n",
        "Content-Length: 5\r\nContent-Length: 5\r\n", "Content-Length: 5\r\ncontent-LENGTH: 6\r\n",
        "Content-Length : 5\r\n", " Content-Length: 5\r\n", "Content-Length: 5\r\n 6\r\n"}) {
    EXPECT_EQ(framing_of(put(headers, "12345")), Framing::kMalformed) << headers;
  }
  EXPECT_EQ(framing_of(put("cOnTeNt-LeNgTh: \t5 \r\n", "12345")), Framing::kWhole);
}

TEST(HttpMessageTest, HeadersAreTokensWithAColonAndWithoutControlCharacters) {
  using namespace std::string_literals;
  for (const std::string& headers :
       {"nonsense\r\n"s, ": x\r\n"s, "A B: x\r\n"s, "A: x\0\r\n"s, "A: x\ry\r\n"s, "A: \x1b[2J\r\n"s, "\x80: x\r\n"s}) {
    EXPECT_EQ(framing_of(put(headers)), Framing::kMalformed) << headers;
  }
  EXPECT_EQ(framing_of(put("A: \tx \x80\r\nB:\r\n")), Framing::kWhole);
}

TEST(HttpMessageTest, LinesThatEndInALineFeedAloneAreRefusedAtOnce) {
  EXPECT_EQ(framing_of("GET / HTTP/1.1\n"), Framing::kMalformed);
  EXPECT_EQ(framing_of("GET / HTTP/1.1\r\nA: x\n\r\n"), Framing::kMalformed);
  EXPECT_EQ(framing_of("\n"), Framing::kMalformed);
}

TEST(HttpMessageTest, ARequestBeginsWithItsLine) {
  EXPECT_EQ(framing_of("\r\n"), Framing::kMalformed);
  EXPECT_EQ(framing_of("\r\n\r\n"), Framing::kMalformed);
  EXPECT_EQ(framing_of("\r\n" + kGet), Framing::kMalformed);
}

TEST(HttpMessageTest, AProblemIsAWholeAnswerWithOneTextForItsStatus) {
  const std::string body = R"({"type":"about:blank","title":"Request Timeout","status":408,"detail":"late"})";
  EXPECT_EQ(problem_answer({408, "late"}),
            "HTTP/1.1 408 Request Timeout\r\nConnection: close\r\nContent-Type: application/problem+json\r\n"
            "Content-Length: " +
                std::to_string(body.size()) + "\r\n\r\n" + body);
  EXPECT_NE(problem_answer({503, "busy"}).find("\r\nRetry-After: 1\r\n"), std::string::npos);
}

}  // namespace
}  // namespace netclsd
