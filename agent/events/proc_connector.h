// One socket on the kernel's proc connector, and the canary that shows that events arrive. Loop thread only.
//
// The kernel has its side of the connector in the initial network namespace only (drivers/connector/connector.c). In
// another pid or user namespace it ignores LISTEN without an answer (drivers/connector/cn_proc.c). So a subscription
// counts only when its acknowledgement has come (docs/architecture.md).
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <utility>

#include "agent/events/event_decoder.h"
#include "common/base/error.h"
#include "common/base/file.h"

namespace netclsd {

struct ConnectorBatch {
  std::span<const ConnectorMessage> messages;  // until this thread's next take(), from whichever connector
  bool has_more = false;                       // there may be more
};

class ProcConnector {
 public:
  // Opens, filters, binds; no event arrives yet. `self` is the agent's pid, for the filter. The receive buffer is as
  // large as the kernel allows, at most twice `receive_buffer_bytes`. kUnavailable: this kernel has no connector.
  [[nodiscard]] static Result<ProcConnector> open(Pid self, std::uint64_t receive_buffer_bytes);

  // Asks the kernel to send events. kUnavailable in another network namespace.
  [[nodiscard]] Result<void> request_events();
  // Waits for the kernel's answer to request_events(). kUnavailable if none comes.
  [[nodiscard]] Result<void> await_acknowledgement(std::chrono::milliseconds timeout);

  // The next of what has arrived, without waiting: a batch of limited size.
  [[nodiscard]] ConnectorBatch take();
  // Events the kernel dropped on this socket since the last call: SK_MEMINFO_DROPS, which wraps at 32 bits. If it
  // cannot be read, 0 now and the whole at a later call.
  [[nodiscard]] std::uint32_t take_drops();
  // What waits to be taken, as the kernel accounts it: SK_MEMINFO_RMEM_ALLOC. std::nullopt: it cannot be read now.
  [[nodiscard]] std::optional<std::uint32_t> queued_bytes() const;

  [[nodiscard]] int fd() const { return socket_.get(); }
  [[nodiscard]] std::uint64_t receive_buffer_bytes() const { return receive_buffer_bytes_; }

 private:
  explicit ProcConnector(UniqueFd socket) : socket_(std::move(socket)) {}
  using Memory = std::array<std::uint32_t, 9>;  // by SK_MEMINFO_…
  [[nodiscard]] std::optional<Memory> read_memory() const;
  [[nodiscard]] Result<void> configure(Pid self, std::uint64_t receive_buffer_bytes);
  [[nodiscard]] ConnectorBatch lose(std::size_t events);

  UniqueFd socket_;
  std::uint64_t receive_buffer_bytes_ = 0;
  std::uint32_t drops_seen_ = 0;
  std::uint32_t request_ack_ = 0;
};

// Sets the calling thread's name to what it is. The kernel sends a COMM event even so, which must arrive: the call puts
// it into the socket's queue (or counts a drop) before it returns. Takes some 6 µs.
void send_canary();

}  // namespace netclsd
