// The attributes of a netlink message, as libmnl's own loops give them, without the casts of its macros.
#pragma once

#include <libmnl/libmnl.h>

#include <string_view>

namespace netclsd::carry {

// From `first` to `end`.
template <typename Take>
void for_each_attribute(const void* first, const void* end, const Take& take) {
  const auto left = [&](const nlattr* at) {
    return static_cast<int>(static_cast<const char*>(end) - reinterpret_cast<const char*>(at));
  };
  for (const auto* at = static_cast<const nlattr*>(first); mnl_attr_ok(at, left(at)); at = mnl_attr_next(at)) take(*at);
}

// Those behind the message's own header.
template <typename Header, typename Take>
void for_each_attribute(const nlmsghdr& message, const Take& take) {
  for_each_attribute(mnl_nlmsg_get_payload_offset(&message, sizeof(Header)), mnl_nlmsg_get_payload_tail(&message),
                     take);
}

// Those inside another one.
template <typename Take>
void for_each_inside(const nlattr& outer, const Take& take) {
  const auto* first = static_cast<const char*>(mnl_attr_get_payload(&outer));
  for_each_attribute(first, first + mnl_attr_get_payload_len(&outer), take);
}

// A text as far as it goes, whether or not it ends in NUL.
[[nodiscard]] inline std::string_view text_of(const nlattr& attribute) {
  const std::string_view text(static_cast<const char*>(mnl_attr_get_payload(&attribute)),
                              mnl_attr_get_payload_len(&attribute));
  return text.substr(0, text.find('\0'));
}

}  // namespace netclsd::carry
