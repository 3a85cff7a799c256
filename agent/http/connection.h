// One connection, which carries one request: it is read until it is whole, answered, and closed.
//
// A connection never waits. Its owner, one thread at a time, calls proceed() when poll() reports events; the result
// says who owns the connection next. Four kinds of client are answered here and not by a worker: those that may not
// ask, and those whose request is malformed, too large or too late. What such a client still sends is read and dropped,
// because closing a socket with unread bytes resets it, and the client would lose the answer (ECONNRESET).
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "agent/http/http_message.h"
#include "common/base/file.h"

namespace netclsd {

// What is between the bytes on the network and the bytes of the request and the answer: nothing, or TLS
// (agent/http/tls.h). A transport makes no system call and never waits: the waiting thread and the workers hand it
// bytes and take bytes from it. Each connection has one, which one thread at a time uses.
class Transport {
 public:
  virtual ~Transport() = default;
  // Bytes from the network become bytes of the request, appended to `request`. False: the client broke the protocol.
  // The connection ends when what flush() gives has been sent.
  virtual bool receive(std::string_view wire, std::string& request) = 0;
  // Bytes of the answer become bytes for the network, appended to `wire`. Called once, with the whole answer; what ends
  // the protocol (close_notify) follows it. False: there is nothing to send any more.
  virtual bool send(std::string_view answer, std::string& wire) = 0;
  // What the transport itself has to send (a handshake, an alert), appended to `wire`. Called after every receive().
  virtual void flush(std::string& wire) = 0;
};

// Called for each connection, on the waiting thread. A null result refuses the connection.
using TransportFactory = std::function<std::unique_ptr<Transport>()>;

class PlainTransport : public Transport {
 public:
  bool receive(std::string_view wire, std::string& request) override {
    request += wire;
    return true;
  }
  bool send(std::string_view answer, std::string& wire) override {
    wire += answer;
    return true;
  }
  void flush(std::string&) override {}
};

struct ConnectionLimits {
  FramingLimits framing;
  std::chrono::milliseconds request_timeout = std::chrono::seconds{2};  // from accept() to the whole request
  std::chrono::milliseconds answer_timeout = std::chrono::seconds{2};   // from the answer's first byte to its last
};

class Connection {
 public:
  using Clock = std::chrono::steady_clock;

  enum class Next {
    kWait,   // poll() for events(), until deadline()
    kServe,  // request() is whole: give it to a worker
    kClose,  // destroy it
  };

  // `transport` is not null. `is_guest`: the client may only read (agent/http/peer.h).
  Connection(UniqueFd socket, std::unique_ptr<Transport> transport, const ConnectionLimits& limits, bool is_guest);

  [[nodiscard]] int fd() const { return socket_.get(); }
  [[nodiscard]] bool is_guest() const { return is_guest_; }
  // The answer has begun, and the kernel does not have all of it yet.
  [[nodiscard]] bool owes_answer() const { return stage_ == Stage::kAnswering && has_unsent(); }
  [[nodiscard]] short events() const;
  [[nodiscard]] Clock::time_point deadline() const { return deadline_; }
  [[nodiscard]] std::string_view request() const;

  // Receives and sends as much as is possible without waiting.
  [[nodiscard]] Next proceed();
  // The deadline has passed.
  [[nodiscard]] Next give_up();
  // Begins the answer, and sends as much as is possible without waiting.
  [[nodiscard]] Next answer(std::string_view text);
  [[nodiscard]] Next refuse(const Problem& problem);

 private:
  enum class Stage { kReading, kAnswering, kLingering };

  [[nodiscard]] bool receive();  // false: the connection is of no more use
  [[nodiscard]] bool on_end();
  void take(std::string_view wire);
  void begin_answer(std::string_view text, bool must_linger);
  void begin_refusal(const Problem& problem);
  [[nodiscard]] bool send();
  [[nodiscard]] Next next();
  [[nodiscard]] bool has_unsent() const { return sent_ < wire_.size(); }

  UniqueFd socket_;
  std::unique_ptr<Transport> transport_;
  const ConnectionLimits& limits_;
  const bool is_guest_;
  Stage stage_ = Stage::kReading;
  bool has_ended_ = false;    // the client sends nothing more
  bool must_linger_ = false;  // the client may still be sending
  Clock::time_point deadline_;
  std::string request_;
  Frame frame_;
  std::string wire_;
  std::size_t sent_ = 0;
};

}  // namespace netclsd
