#include "agent/server/memory_stream.h"

namespace netclsd {

ssize_t MemoryStream::read(char* out, std::size_t size) {
  const std::size_t count = request_.copy(out, size);
  request_.remove_prefix(count);
  return static_cast<ssize_t>(count);
}

ssize_t MemoryStream::write(const char* data, std::size_t size) {
  answer_.append(data, size);
  return static_cast<ssize_t>(size);
}

void MemoryStream::get_remote_ip_and_port(std::string& ip, int& port) const {
  ip.clear();
  port = 0;
}

void MemoryStream::get_local_ip_and_port(std::string& ip, int& port) const { get_remote_ip_and_port(ip, port); }

}  // namespace netclsd
