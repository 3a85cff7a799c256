// How the TCP listener is protected now: the TLS and the passwords of the web configuration, which may change while the
// agent runs.
//
// One thread makes and reloads it; make_transport() and check_login() are called from any. A bad file changes nothing.
// Open connections keep the certificate that they began with. Whether there is TLS at all is decided once, at the
// start: a slip in a file must not make a listener plain.
#pragma once

#include <sys/stat.h>

#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "agent/http/basic_auth.h"
#include "agent/http/connection.h"
#include "agent/http/tls.h"
#include "agent/http/web_config.h"

namespace netclsd {

class WebAccess {
 public:
  // Reads everything. std::nullopt: plain HTTP, for everybody.
  [[nodiscard]] static Result<std::unique_ptr<WebAccess>> load(const std::optional<std::string>& file);

  [[nodiscard]] bool has_tls() const { return has_tls_; }
  // For a new connection. Only if has_tls(). nullptr: there is no memory for it.
  [[nodiscard]] std::unique_ptr<Transport> make_transport();
  [[nodiscard]] Login check_login(std::string_view authorization) { return passwords_.check(authorization); }

  // Reads everything anew.
  [[nodiscard]] Result<void> reload();
  // The same if a file has changed since the last attempt, whether that succeeded or not; std::nullopt: none has.
  // Looks at each file's inode, which costs some microseconds.
  [[nodiscard]] std::optional<Result<void>> reload_if_changed();

  // files_of() the configuration in use; empty without a file.
  [[nodiscard]] const std::vector<std::string>& files() const { return files_; }

 private:
  // Of one file; all zero when it is not there.
  struct Stamp {
    dev_t device = 0;
    ino_t inode = 0;
    off_t size = 0;
    std::int64_t modified_ns = 0;
    std::int64_t changed_ns = 0;
    friend bool operator==(const Stamp&, const Stamp&) = default;
  };

  WebAccess() = default;
  [[nodiscard]] Result<void> take_up(WebConfig config);
  [[nodiscard]] static Stamp stamp_of(const std::string& file);
  [[nodiscard]] std::vector<Stamp> stamps() const;

  std::optional<std::string> file_;
  std::vector<std::string> files_;
  std::vector<Stamp> seen_;  // of files_
  bool has_tls_ = false;
  BasicAuth passwords_;
  std::mutex mutex_;  // of what follows
  TlsContext context_;
};

}  // namespace netclsd
