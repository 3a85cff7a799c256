#include "agent/http/connection.h"

#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <utility>

namespace netclsd {
namespace {

constexpr std::size_t kChunk_bytes = 64U << 10;      // read at a time; then it is another connection's turn
constexpr std::size_t kUnsentMax_bytes = 64U << 10;  // that a transport may want to send before there is a request

bool is_try_again(int error) { return error == EAGAIN || error == EINTR; }

Problem problem_with(std::string_view received, Framing framing, const FramingLimits& limits) {
  if (framing == Framing::kMalformed) return {400, "the request is malformed"};
  if (head_of(received).empty()) {
    return {431, "the headers are larger than " + std::to_string(limits.head_max_bytes >> 10) + " KiB"};
  }
  if (limits.body_max_bytes == 0) return {413, "no body is read here"};
  return {413, "the body is larger than " + std::to_string(limits.body_max_bytes >> 20) + " MiB"};
}

}  // namespace

Connection::Connection(UniqueFd socket, std::unique_ptr<Transport> transport, const ConnectionLimits& limits,
                       bool is_guest)
    : socket_(std::move(socket)),
      transport_(std::move(transport)),
      limits_(limits),
      is_guest_(is_guest),
      deadline_(Clock::now() + limits.request_timeout) {}

short Connection::events() const {
  return static_cast<short>((has_ended_ ? 0 : POLLIN) | (has_unsent() ? POLLOUT : 0));
}

std::string_view Connection::request() const { return std::string_view(request_).substr(0, frame_.wanted_bytes); }

Connection::Next Connection::proceed() {
  if (!receive() || !send()) return Next::kClose;
  return next();
}

Connection::Next Connection::give_up() {
  if (stage_ != Stage::kReading || request_.empty()) return Next::kClose;
  return refuse({408, "the request did not come in time"});
}

Connection::Next Connection::answer(std::string_view text) {
  const bool has_sent_more = request_.size() > frame_.wanted_bytes;
  begin_answer(text, has_sent_more);
  return send() ? next() : Next::kClose;
}

Connection::Next Connection::refuse(const Problem& problem) {
  begin_refusal(problem);
  return send() ? next() : Next::kClose;
}

void Connection::begin_answer(std::string_view text, bool must_linger) {
  stage_ = Stage::kAnswering;
  must_linger_ = must_linger;
  deadline_ = Clock::now() + limits_.answer_timeout;
  if (!transport_->send(text, wire_)) must_linger_ = false;
}

void Connection::begin_refusal(const Problem& problem) { begin_answer(problem_answer(problem), true); }

bool Connection::receive() {
  if (has_ended_) return true;
  std::array<char, kChunk_bytes> chunk;
  const ssize_t got = ::recv(socket_.get(), chunk.data(), chunk.size(), MSG_DONTWAIT);
  if (got < 0) return is_try_again(errno);
  if (got == 0) return on_end();
  if (stage_ == Stage::kReading) take({chunk.data(), static_cast<std::size_t>(got)});
  return true;
}

bool Connection::on_end() {
  has_ended_ = true;
  if (stage_ == Stage::kLingering || (stage_ == Stage::kReading && request_.empty())) return false;
  if (stage_ == Stage::kReading) begin_refusal({400, "the request ended before it was whole"});
  return true;
}

void Connection::take(std::string_view wire) {
  const bool is_understood = transport_->receive(wire, request_);
  transport_->flush(wire_);
  if (!is_understood) return begin_answer({}, true);
  if (request_.size() < frame_.wanted_bytes) return;
  frame_ = measure(request_, limits_.framing);
  if (frame_.framing == Framing::kMore || frame_.framing == Framing::kWhole) return;
  begin_refusal(problem_with(request_, frame_.framing, limits_.framing));
}

bool Connection::send() {
  while (has_unsent()) {
    const ssize_t count =
        ::send(socket_.get(), wire_.data() + sent_, wire_.size() - sent_, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return errno == EAGAIN && (stage_ != Stage::kReading || wire_.size() <= kUnsentMax_bytes);
    sent_ += static_cast<std::size_t>(count);
  }
  wire_.clear();
  sent_ = 0;
  return true;
}

Connection::Next Connection::next() {
  if (stage_ == Stage::kReading) return frame_.framing == Framing::kWhole ? Next::kServe : Next::kWait;
  if (stage_ == Stage::kAnswering && !has_unsent()) {
    if (!must_linger_ || has_ended_) return Next::kClose;
    ::shutdown(socket_.get(), SHUT_WR);
    stage_ = Stage::kLingering;
  }
  return Next::kWait;
}

}  // namespace netclsd
