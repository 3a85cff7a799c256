// What is between a connection's bytes on the network and the bytes of its request and answer: nothing, or TLS.
//
// A transport makes no system call and never waits: the server's waiting thread and its workers hand it bytes and take
// bytes from it. A connection has one, which one thread at a time uses.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace netclsd {

class Transport {
 public:
  virtual ~Transport() = default;
  // Bytes from the network -> bytes of the request, appended to `request`. False: the peer broke the protocol, and the
  // connection ends when what flush() gives has been sent.
  virtual bool receive(std::string_view wire, std::string& request) = 0;
  // Bytes of the answer -> bytes for the network, appended to `wire`. Called once, with the whole answer: what says
  // goodbye (close_notify) belongs at its end. False: there is nothing to send any more.
  virtual bool send(std::string_view answer, std::string& wire) = 0;
  // What the transport itself wants to say (a handshake, an alert), appended to `wire`. Called after every receive().
  virtual void flush(std::string& wire) = 0;
};

// One for each connection, called on the waiting thread; null refuses the connection.
using TransportFactory = std::function<std::unique_ptr<Transport>()>;

}  // namespace netclsd
