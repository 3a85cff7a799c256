#include "carry/filters.h"

#include <arpa/inet.h>
#include <libmnl/libmnl.h>
#include <linux/if_ether.h>
#include <linux/pkt_cls.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>

#include <array>
#include <cerrno>
#include <string_view>

#include "carry/attributes.h"

namespace netclsd::carry {
namespace {

constexpr std::uint32_t kPreference = 1;        // the first: a program that marks must run before those that look
constexpr std::uint32_t kHandle = 0x006e'6563;  // any number that others are unlikely to take
constexpr const char* kName = "netclsd_carry";
constexpr std::uint32_t kIngress = TC_H_MAKE(TC_H_CLSACT, TC_H_MIN_INGRESS);
constexpr std::uint32_t kEgress = TC_H_MAKE(TC_H_CLSACT, TC_H_MIN_EGRESS);
constexpr std::size_t kMessageMax_bytes = 512;

struct Message {
  alignas(nlmsghdr) std::array<char, kMessageMax_bytes> bytes{};
  nlmsghdr* header = mnl_nlmsg_put_header(bytes.data());
  tcmsg* tc = nullptr;

  Message(std::uint16_t type, std::uint16_t flags, InterfaceIndex index, std::uint32_t parent) {
    header->nlmsg_type = type;
    header->nlmsg_flags = flags;
    tc = static_cast<tcmsg*>(mnl_nlmsg_put_extra_header(header, sizeof(tcmsg)));
    tc->tcm_family = AF_UNSPEC;
    tc->tcm_ifindex = static_cast<int>(index);
    tc->tcm_parent = parent;
  }
  void name_ours() const {
    tc->tcm_handle = kHandle;
    tc->tcm_info = TC_H_MAKE(kPreference << 16, htons(ETH_P_ALL));
    mnl_attr_put_strz(header, TCA_KIND, "bpf");
  }
};

struct Filter {
  std::uint32_t preference = 0;
  std::uint32_t handle = 0;
  bool is_bpf = false;
  std::string_view name;
  ProgramId program = 0;
};

void read_options(const nlattr& options, Filter& filter) {
  for_each_inside(options, [&](const nlattr& inner) {
    if (mnl_attr_get_type(&inner) == TCA_BPF_NAME) filter.name = text_of(inner);
    if (mnl_attr_get_type(&inner) == TCA_BPF_ID) filter.program = mnl_attr_get_u32(&inner);
  });
}

// Absent: it is no filter, but the head of a list of them.
std::optional<Filter> to_filter(const nlmsghdr& message) {
  if (message.nlmsg_type != RTM_NEWTFILTER || message.nlmsg_len < NLMSG_LENGTH(sizeof(tcmsg))) return std::nullopt;
  const auto* tc = static_cast<const tcmsg*>(mnl_nlmsg_get_payload(&message));
  Filter filter{.preference = tc->tcm_info >> 16U, .handle = tc->tcm_handle, .name = {}};
  const nlattr* options = nullptr;
  for_each_attribute<tcmsg>(message, [&](const nlattr& attribute) {
    if (mnl_attr_get_type(&attribute) == TCA_KIND) filter.is_bpf = text_of(attribute) == "bpf";
    if (mnl_attr_get_type(&attribute) == TCA_OPTIONS) options = &attribute;
  });
  if (options == nullptr) return std::nullopt;
  if (filter.is_bpf) read_options(*options, filter);
  return filter;
}

bool is_ours(const Filter& filter) {
  return filter.is_bpf && filter.preference == kPreference && filter.handle == kHandle && filter.name == kName;
}

Result<void> add_filters(RouteSocket& route, InterfaceIndex index, std::uint32_t parent, IngressFilters& found) {
  const Message message(RTM_GETTFILTER, NLM_F_DUMP, index, parent);
  auto asked = route.ask(*message.header, [&](const nlmsghdr& answer) {
    const auto filter = to_filter(answer);
    if (!filter) return;
    if (parent == kIngress && is_ours(*filter)) {
      found.ours = filter->program;
      return;
    }
    found.is_empty = false;
    if (parent == kIngress) ++(found.ours ? found.after : found.before);
  });
  // Without the qdisc there are no filters.
  if (!asked && (asked.error().sys_errno() == EINVAL || asked.error().sys_errno() == ENOENT)) return {};
  return asked;
}

}  // namespace

Result<IngressFilters> ingress_filters(RouteSocket& route, InterfaceIndex index) {
  IngressFilters found;
  for (const std::uint32_t parent : {kIngress, kEgress}) {
    if (auto added = add_filters(route, index, parent, found); !added) return pass_on(added.error(), "list filters");
  }
  if (!found.ours) found.before = 0;
  return found;
}

Result<bool> add_clsact(RouteSocket& route, InterfaceIndex index) {
  Message message(RTM_NEWQDISC, NLM_F_CREATE | NLM_F_EXCL, index, TC_H_CLSACT);
  message.tc->tcm_handle = TC_H_MAKE(TC_H_CLSACT, 0);
  mnl_attr_put_strz(message.header, TCA_KIND, "clsact");
  const auto asked = route.ask(*message.header, [](const nlmsghdr&) {});
  if (asked) return true;
  if (asked.error().sys_errno() == EEXIST) return false;
  return pass_on(asked.error(), "add the clsact qdisc");
}

Result<void> remove_clsact(RouteSocket& route, InterfaceIndex index) {
  Message message(RTM_DELQDISC, 0, index, TC_H_CLSACT);
  message.tc->tcm_handle = TC_H_MAKE(TC_H_CLSACT, 0);
  return route.ask(*message.header, [](const nlmsghdr&) {});
}

Result<void> put_filter(RouteSocket& route, InterfaceIndex index, int program) {
  const Message message(RTM_NEWTFILTER, NLM_F_CREATE | NLM_F_REPLACE, index, kIngress);
  message.name_ours();
  nlattr* options = mnl_attr_nest_start(message.header, TCA_OPTIONS);
  mnl_attr_put_u32(message.header, TCA_BPF_FD, static_cast<std::uint32_t>(program));
  mnl_attr_put_strz(message.header, TCA_BPF_NAME, kName);
  mnl_attr_put_u32(message.header, TCA_BPF_FLAGS, TCA_BPF_FLAG_ACT_DIRECT);
  mnl_attr_nest_end(message.header, options);
  auto asked = route.ask(*message.header, [](const nlmsghdr&) {});
  return asked ? asked : pass_on(asked.error(), "put a filter at preference 1");
}

Result<void> remove_filter(RouteSocket& route, InterfaceIndex index) {
  const Message message(RTM_DELTFILTER, 0, index, kIngress);
  message.name_ours();
  return route.ask(*message.header, [](const nlmsghdr&) {});
}

}  // namespace netclsd::carry
