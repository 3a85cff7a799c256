#include "carry/attachments.h"

#include <bpf/bpf.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <optional>

#include "common/base/fault_point.h"
#include "common/base/file.h"
#include "common/base/text.h"

namespace netclsd::carry {
namespace {

// Later than the headers that this is built with (include/uapi/linux/bpf.h).
constexpr auto kTcxIngress = static_cast<bpf_attach_type>(46);
constexpr auto kNetkitPeer = static_cast<bpf_attach_type>(55);  // of the pod's end, attached by the host's
constexpr std::uint32_t kLinkTypeTcx = 11;
constexpr std::uint32_t kLinkTypeNetkit = 13;
constexpr std::uint32_t kBefore = 1U << 3;  // BPF_F_BEFORE, without a relative: before all

constexpr std::size_t kPinsMax = 65'536;
constexpr std::size_t kProgramsMax = 64;  // at one interface; the kernel's limit
constexpr InterfaceIndex kLoopback = 1;   // each network namespace has it

std::string path_of(const std::string& directory, InterfaceIndex index) {
  return directory + "/" + std::to_string(index);
}

// Names of other forms are nobody's of ours.
Result<std::vector<InterfaceIndex>> indices_in(const std::string& path) {
  const auto directory = open_directory(path);
  if (!directory && directory.error().sys_errno() == ENOENT) return std::vector<InterfaceIndex>{};
  if (!directory) return pass_on(directory.error());
  const auto names = list_names(*directory, kPinsMax);
  if (!names) return pass_on(names.error());
  std::vector<InterfaceIndex> indices;
  for (const std::string& name : *names) {
    const auto number = parse_unsigned(name);
    if (number && *number <= 0x7fff'ffff) indices.push_back(static_cast<InterfaceIndex>(*number));
  }
  return indices;
}

struct LinkState {
  How how;
  InterfaceIndex index;  // 0: its interface is gone, or somebody has detached it
  ProgramId program;

  // netkit's link names the pod's end, by its number in the pod's namespace. Both ends end together.
  [[nodiscard]] bool is_at(InterfaceIndex host_end) const {
    return how == How::kNetkit ? index != 0 : index == host_end;
  }
};

std::optional<LinkState> state_of(const UniqueFd& link) {
  bpf_link_info info{};
  std::uint32_t size = sizeof info;
  if (bpf_obj_get_info_by_fd(link.get(), &info, &size) != 0) return std::nullopt;
  if (info.type != kLinkTypeTcx && info.type != kLinkTypeNetkit) return std::nullopt;
  // Both have the interface's index in the place where an XDP link has it.
  return LinkState{info.type == kLinkTypeTcx ? How::kTcx : How::kNetkit, info.xdp.ifindex, info.prog_id};
}

// Those of others at the hook where ours is.
void count_others(InterfaceIndex index, Attachment& ours) {
  std::array<std::uint32_t, kProgramsMax> ids{};
  auto count = static_cast<std::uint32_t>(ids.size());
  const auto type = ours.how == How::kTcx ? kTcxIngress : kNetkitPeer;
  if (bpf_prog_query(static_cast<int>(index), type, 0, nullptr, ids.data(), &count) != 0) return;
  const auto* const end = ids.data() + std::min<std::size_t>(count, ids.size());
  const auto* const found = std::find(static_cast<const std::uint32_t*>(ids.data()), end, ours.program);
  if (found == end) return;
  ours.before = static_cast<std::uint32_t>(found - ids.data());
  ours.after = static_cast<std::uint32_t>(end - found - 1);
}

Result<void> remove_pin(const std::string& path) {
  if (::unlink(path.c_str()) == 0 || errno == ENOENT) return {};
  return system_failure(errno, "remove the pin", path);
}

// The interface has gone, and what was at it.
bool is_gone(const Error& error) {
  return error.sys_errno() == ENODEV || error.sys_errno() == ENOENT || error.sys_errno() == EINVAL;
}

}  // namespace

const char* to_string(How how) {
  switch (how) {
    case How::kTcx:
      return "tcx";
    case How::kNetkit:
      return "netkit";
    case How::kClsact:
      return "clsact";
  }
  return "";
}

bool kernel_has_tcx() {
  if (fault_at(FaultPoint::kTcxProbe)) return false;
  std::uint32_t count = 0;
  return bpf_prog_query(kLoopback, kTcxIngress, 0, nullptr, nullptr, &count) == 0;
}

Result<Attached> Attachments::list() {
  Attached attached;
  if (auto listed = list_links(attached); !listed) return pass_on(listed.error(), "list the carriers");
  if (auto listed = list_filters(attached); !listed) return pass_on(listed.error(), "list the carriers");
  return attached;
}

Result<void> Attachments::list_links(Attached& attached) {
  const auto indices = indices_in(pins_.links());
  if (!indices) return pass_on(indices.error());
  for (const InterfaceIndex index : *indices) {
    const std::string path = path_of(pins_.links(), index);
    const UniqueFd link(bpf_obj_get(path.c_str()));
    const auto state = link.is_open() ? state_of(link) : std::nullopt;
    if (state && state->is_at(index)) {
      Attachment& attachment = attached[index];
      attachment = {state->how, state->program, std::nullopt};
      count_others(index, attachment);
    } else if (auto removed = remove_pin(path); !removed) {
      return removed;
    }
  }
  return {};
}

Result<void> Attachments::list_filters(Attached& attached) {
  const auto indices = indices_in(pins_.filters());
  if (!indices) return pass_on(indices.error());
  for (const InterfaceIndex index : *indices) {
    const auto filters = ingress_filters(route_, index);
    if (!filters && !is_gone(filters.error())) return pass_on(filters.error());
    if (filters && filters->ours) {
      attached[index] = {How::kClsact, *filters->ours, filters->before, filters->after};
    } else if (auto forgotten = detach_filter(index); !forgotten) {
      return forgotten;
    }
  }
  return {};
}

Result<void> Attachments::attach(const HostEnd& end) {
  if (!has_tcx_) return attach_filter(end.index);
  if (end.kind == LinkKind::kNetkit && attach_link(end, kNetkitPeer)) return {};
  return attach_link(end, kTcxIngress);
}

Result<void> Attachments::attach_link(const HostEnd& end, unsigned attach_type) {
  bpf_link_create_opts options{};
  options.sz = sizeof options;
  options.flags = kBefore;
  const UniqueFd link(bpf_link_create(program_.descriptor(), static_cast<int>(end.index),
                                      static_cast<bpf_attach_type>(attach_type), &options));
  if (!link.is_open()) return system_failure(errno, "attach to", end.name);
  const std::string path = path_of(pins_.links(), end.index);
  if (auto removed = remove_pin(path); !removed) return removed;
  if (bpf_obj_pin(link.get(), path.c_str()) != 0) return system_failure(errno, "pin", path);
  return {};
}

// The filter's mark comes first: a filter without one would stay for ever if we were killed now.
Result<void> Attachments::attach_filter(InterfaceIndex index) {
  if (auto marked = make_directory(path_of(pins_.filters(), index)); !marked) return marked;
  const auto was_added = add_clsact(route_, index);
  if (!was_added) return pass_on(was_added.error());
  if (*was_added) {
    if (auto marked = make_directory(path_of(pins_.qdiscs(), index)); !marked) return marked;
  }
  return put_filter(route_, index, program_.descriptor());
}

Result<void> Attachments::renew(InterfaceIndex index, How how) {
  if (how == How::kClsact) return put_filter(route_, index, program_.descriptor());
  const std::string path = path_of(pins_.links(), index);
  const UniqueFd link(bpf_obj_get(path.c_str()));
  if (!link.is_open()) return system_failure(errno, "open", path);
  if (bpf_link_update(link.get(), program_.descriptor(), nullptr) == 0) return {};
  return system_failure(errno, "put the new program in the place of the old one at", path);
}

Result<void> Attachments::detach(InterfaceIndex index) {
  if (auto detached = detach_link(index); !detached) return detached;
  return detach_filter(index);
}

Result<void> Attachments::detach_link(InterfaceIndex index) {
  const std::string path = path_of(pins_.links(), index);
  const UniqueFd link(bpf_obj_get(path.c_str()));
  if (!link.is_open()) return errno == ENOENT ? Result<void>{} : system_failure(errno, "open", path);
  if (state_of(link)) static_cast<void>(bpf_link_detach(link.get()));  // the last descriptor's end would do it, too
  return remove_pin(path);
}

Result<void> Attachments::detach_filter(InterfaceIndex index) {
  const std::string mark = path_of(pins_.filters(), index);
  if (::access(mark.c_str(), F_OK) != 0) return {};
  auto filters = ingress_filters(route_, index);
  if (!filters && !is_gone(filters.error())) return pass_on(filters.error());
  if (filters && filters->ours) {
    if (auto removed = remove_filter(route_, index); !removed && !is_gone(removed.error())) return removed;
  }
  const auto made_qdisc = remove_directory(path_of(pins_.qdiscs(), index));
  if (!made_qdisc) return pass_on(made_qdisc.error());
  if (*made_qdisc && filters && filters->is_empty) {
    if (auto removed = remove_clsact(route_, index); !removed && !is_gone(removed.error())) return removed;
  }
  const auto unmarked = remove_directory(mark);
  return unmarked ? Result<void>{} : pass_on(unmarked.error());
}

}  // namespace netclsd::carry
