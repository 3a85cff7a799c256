// One socket on the kernel's proc connector. Loop thread only.
//
// The kernel's side of it lives in the initial network namespace; in another pid or user namespace LISTEN is ignored
// without an answer. So a subscription counts only when its acknowledgement has come (docs/architecture.md).
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>

#include "agent/kernel/event_decoder.h"
#include "common/base/error.h"
#include "common/base/unique_fd.h"

namespace netclsd {

class ProcConnector {
 public:
  // Opens, filters, binds. Hears nothing yet. kUnavailable: this kernel has no connector.
  [[nodiscard]] static Result<ProcConnector> open(Pid self, std::uint64_t receive_buffer_bytes);

  // Asks the kernel to send events. kUnavailable in another network namespace.
  [[nodiscard]] Result<void> request_events();
  // Waits for the kernel's answer to request_events(). kUnavailable if none comes.
  [[nodiscard]] Result<void> await_acknowledgement(std::chrono::milliseconds timeout);

  using OnMessage = std::function<void(const ConnectorMessage&)>;
  using OnDropped = std::function<void(std::uint32_t events)>;
  // Hands on what has arrived, without waiting, at most one receive buffer's worth. What the kernel dropped is told
  // before any message that was queued after it; without `on_dropped` it is left for the next call.
  void drain(const OnMessage& on_message, const OnDropped& on_dropped = {});
  // Events the kernel dropped on this socket since the last call: SK_MEMINFO_DROPS, which wraps at 32 bits. If it
  // cannot be read, 0 now and the whole at a later call.
  [[nodiscard]] std::uint32_t take_drops();

  [[nodiscard]] int fd() const { return socket_.get(); }
  [[nodiscard]] std::uint64_t receive_buffer_bytes() const { return receive_buffer_bytes_; }

 private:
  explicit ProcConnector(UniqueFd socket) : socket_(std::move(socket)) {}
  [[nodiscard]] Result<void> configure(Pid self, std::uint64_t receive_buffer_bytes);
  [[nodiscard]] std::size_t receive_batch(const OnMessage& on_message, const OnDropped& on_dropped);
  [[nodiscard]] std::size_t lose(std::size_t events);

  UniqueFd socket_;
  std::uint64_t receive_buffer_bytes_ = 0;
  std::uint32_t drops_seen_ = 0;
  std::uint32_t request_ack_ = 0;
};

}  // namespace netclsd
