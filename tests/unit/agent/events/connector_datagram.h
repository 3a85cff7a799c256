// Datagrams as the proc connector sends them, for tests.
#pragma once

#include <linux/cn_proc.h>
#include <linux/connector.h>
#include <linux/netlink.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <vector>

namespace netclsd {

// `data` are the words of proc_event.event_data.
inline std::vector<std::byte> connector_datagram(std::uint32_t what, std::uint64_t timestamp_ns,
                                                 const std::vector<std::uint32_t>& data) {
  std::vector<std::byte> bytes(76);
  nlmsghdr header{};
  header.nlmsg_len = 76;
  header.nlmsg_type = NLMSG_DONE;
  std::memcpy(bytes.data(), &header, sizeof header);
  const cb_id id{CN_IDX_PROC, CN_VAL_PROC};
  std::memcpy(bytes.data() + 16, &id, sizeof id);
  std::memcpy(bytes.data() + 36, &what, sizeof what);
  std::memcpy(bytes.data() + 44, &timestamp_ns, sizeof timestamp_ns);
  if (!data.empty()) std::memcpy(bytes.data() + 52, data.data(), data.size() * 4);  // memcpy takes no null pointer
  return bytes;
}

}  // namespace netclsd
