// The thread of one listener that waits: for connections, for requests to become whole, and for clients to take their
// answers. Workers get whole requests only, so a client that is slow, silent or gone never holds a worker.
//
// At most `connections_max` connections are open. If one more comes, the one that has kept us waiting longest is
// closed; if all of them are being served, the new one is answered 503 at once. So idle clients cannot lock others out.
// Guests (clients that may only read) have a limit of their own.
//
// run() is the thread. give_back() is for workers, stop() for any thread.
#pragma once

#include <poll.h>

#include <atomic>
#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

#include "agent/http/connection.h"
#include "agent/http/peer.h"
#include "agent/logging/log.h"
#include "common/base/file.h"

namespace netclsd {

struct ConnectionLoopOptions {
  std::size_t connections_max = 64;
  std::size_t guests_max = 16;  // of them
  ConnectionLimits limits;
  TransportFactory make_transport;  // not empty
  const PeerGate* gate = nullptr;   // outlives the loop; null: everybody may ask
};

class ConnectionLoop {
 public:
  using Served = std::unique_ptr<Connection>;

  // `serve` hands a connection with a whole request to a worker. It must not wait.
  [[nodiscard]] static Result<std::unique_ptr<ConnectionLoop>> make(ConnectionLoopOptions options,
                                                                    std::function<void(Served)> serve);

  // Returns after stop(), when every connection that was being served has been given back and its answer has been taken
  // or is late.
  void run(UniqueFd listener);
  void stop();
  // `connection`: its answer has begun, and the client has not taken all of it. Null: it is closed.
  void give_back(Served connection, bool was_guest);

  ConnectionLoop(ConnectionLoopOptions options, std::function<void(Served)> serve, UniqueFd wake_up)
      : options_(std::move(options)), serve_(std::move(serve)), wake_up_(std::move(wake_up)) {}
  ConnectionLoop(const ConnectionLoop&) = delete;
  ConnectionLoop& operator=(const ConnectionLoop&) = delete;
  ~ConnectionLoop() = default;

 private:
  using Clock = Connection::Clock;

  struct Count {
    std::size_t all = 0;
    std::size_t guests = 0;
  };

  void wait();
  void proceed(Clock::time_point now);
  void accept_some();
  [[nodiscard]] bool may_accept() const;
  void pause_accepting(int error);
  void welcome(UniqueFd socket);
  [[nodiscard]] Result<std::optional<Access>> access_of(int socket);
  [[nodiscard]] bool make_room(bool is_guest);
  [[nodiscard]] Count count();
  void drop_oldest(bool only_guests);
  void hand_on(Connection::Next next, Served connection);
  void serve(Served connection);
  void take_back();
  [[nodiscard]] bool is_over();
  void wake() const;

  const ConnectionLoopOptions options_;
  const std::function<void(Served)> serve_;
  const UniqueFd wake_up_;
  RepeatGuard repeats_;
  UniqueFd listener_;
  Clock::time_point accept_again_at_{};
  std::vector<Served> waiting_;
  std::vector<pollfd> polled_;  // wake_up_, listener_, then one for each of waiting_
  std::atomic<bool> is_stopping_ = false;

  std::mutex mutex_;  // of what follows
  std::vector<Served> returned_;
  Count in_service_;
};

}  // namespace netclsd
