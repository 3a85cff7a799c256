// What the HTTP library takes for a connection: a request that is whole, and room for its answer. Nothing ever waits.
#pragma once

#include <httplib.h>

#include <string>
#include <string_view>

namespace netclsd {

class MemoryStream : public httplib::Stream {
 public:
  // `request` is borrowed.
  explicit MemoryStream(std::string_view request) : request_(request) {}

  [[nodiscard]] std::string take_answer() { return std::move(answer_); }

  [[nodiscard]] bool is_readable() const override { return !request_.empty(); }
  [[nodiscard]] bool is_writable() const override { return true; }
  ssize_t read(char* out, std::size_t size) override;  // 0 at the end
  ssize_t write(const char* data, std::size_t size) override;
  // Nobody asks: who may connect is decided before.
  void get_remote_ip_and_port(std::string& ip, int& port) const override;
  void get_local_ip_and_port(std::string& ip, int& port) const override;
  [[nodiscard]] socket_t socket() const override { return INVALID_SOCKET; }

 private:
  std::string_view request_;
  std::string answer_;
};

}  // namespace netclsd
