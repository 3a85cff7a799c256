#include <algorithm>
#include <set>

#include "cli/doctor/answers.h"
#include "cli/doctor/checks.h"
#include "common/base/text.h"
#include "common/model/class_id.h"

namespace netclsd::cli {
namespace {

constexpr const char* kStartCarrier = "systemctl enable --now netclsd-carrier";
constexpr std::uint32_t kMajor = 0xffff'0000;
constexpr std::string_view kPinsAt = "/sys/fs/bpf";
constexpr const char* kNotLookedAt =
    "rules of nftables, iptables and policy routing, and tcx programs, were not looked at";

std::string at_interface(const CarriedEnd& end) { return end.interface + " (" + end.container + ")"; }

// The mount points of BPF file systems (proc_pid_mountinfo(5)).
std::set<std::string> bpf_mounts(std::string_view mountinfo) {
  std::set<std::string> mounts;
  for (const std::string_view line : split(mountinfo, '\n')) {
    if (line.find(" - bpf ") == std::string_view::npos) continue;
    const auto fields = split(line, ' ');
    if (fields.size() > 4) mounts.emplace(fields[4]);
  }
  return mounts;
}

const CarriedInterface* find_interface(const HostFacts& facts, const std::string& name) {
  const auto found = std::find_if(facts.carried.begin(), facts.carried.end(),
                                  [&](const CarriedInterface& each) { return each.name == name; });
  return found == facts.carried.end() ? nullptr : &*found;
}

// "2 before, 1 after, clsact's cil_from_container (bpf)"; empty: nobody.
std::string others_at(const CarriedEnd& end, const CarriedInterface* seen) {
  std::string text;
  const auto add = [&](const std::string& others) { text += (text.empty() ? "" : ", ") + others; };
  if (end.before.value_or(0) > 0) add(std::to_string(*end.before) + " before ours");
  if (end.after.value_or(0) > 0) add(std::to_string(*end.after) + " after ours");
  if (seen == nullptr) return text;
  for (const TcFilter& filter : seen->filters) {
    add("clsact's " + (filter.name.empty() ? "filter" : printable(filter.name)) + " (" + printable(filter.kind) + ")");
  }
  return text;
}

// An interface that cannot be carried, a cgroup that is not known, sockets of another class.
std::vector<std::string> carry_problems(const Result<Json>& answer) {
  std::vector<std::string> found;
  for (const Json* container : containers_in(answer)) {
    FieldReader fields(*container);
    const std::string problem = fields.text("carry_problem");
    if (problem.empty()) continue;
    found.push_back(printable(fields.text("id"), kMessageMax_bytes) + ": " + printable(problem, kMessageMax_bytes));
  }
  return found;
}

bool may_choose_by_class(const TcFilter& filter) {
  static const std::set<std::string, std::less<>> kKinds = {"cgroup", "fw", "bpf", "basic", "u32", "flow"};
  return kKinds.contains(filter.kind);
}

// The major numbers of the containers' classes, as in a qdisc's handle.
std::set<std::uint32_t> majors_in(const Result<Json>& answer) {
  std::set<std::uint32_t> majors;
  for (const Json* container : containers_in(answer)) {
    if (const auto classid = ClassId::parse(FieldReader(*container).text("classid"))) {
      majors.insert(classid->raw() & kMajor);
    }
  }
  return majors;
}

std::string hex_major(std::uint32_t handle) {
  constexpr const char* kDigits = "0123456789abcdef";
  std::string text;
  for (std::uint32_t rest = handle >> 16U; rest != 0 || text.empty(); rest >>= 4U) {
    text.insert(text.begin(), kDigits[rest & 0xfU]);
  }
  return text + ":";
}

std::string describe_queueing(const Queueing& queueing) {
  std::set<std::string> kinds;
  for (const TcFilter& filter : queueing.filters) kinds.insert(printable(filter.kind));
  std::string text = printable(queueing.interface) + ": " + printable(queueing.kind);
  if (queueing.kind != "clsact") text += " " + hex_major(queueing.handle);
  for (const std::string& kind : kinds) text += (kind == *kinds.begin() ? " with " : ", ") + kind;
  return text;
}

// By the priority, HTB and its like take a packet that has the number of one of their classes.
bool chooses_by_priority(const Queueing& queueing, const std::set<std::uint32_t>& majors, bool by_map) {
  return queueing.kind != "clsact" && (by_map || majors.empty() || majors.contains(queueing.handle & kMajor));
}

struct Users {
  std::vector<std::string> found;   // what may use the class, or what carries it
  std::vector<std::string> others;  // qdiscs that could, and do not
};

Users find_users(const HostFacts& facts, const CarryWanted& wanted) {
  const auto majors = majors_in(facts.agent_containers);
  Users users;
  for (const Queueing& each : *facts.queueing) {
    if (find_interface(facts, each.interface) != nullptr) continue;  // towards a pod
    const bool by_filter = std::any_of(each.filters.begin(), each.filters.end(), may_choose_by_class);
    const bool by_priority = wanted.to_priority && chooses_by_priority(each, majors, wanted.by_map);
    if (by_filter || by_priority)
      users.found.push_back(describe_queueing(each));
    else if (each.kind != "clsact")
      users.others.push_back(describe_queueing(each));
  }
  return users;
}

}  // namespace

Finding judge_carry(const HostFacts& facts) {
  if (!facts.agent_status) return not_known();
  const std::string state = status_text(facts.agent_status, "carry.state");
  const std::string message = status_text(facts.agent_status, "carry.message");
  const std::string because = message.empty() ? "" : ": " + message;
  if (state.empty() && carry_wanted(facts.agent_status).is_on) {
    return fail("the configuration asks for it, and no carrier has reported", kStartCarrier);
  }
  if (state.empty())
    return ok(
        "not configured: the class of a pod's packet can be read at tc ingress of the host's end of its veth, and by "
        "most "
        "rules nowhere behind it");
  if (state == "ok") {
    const auto carriers = FieldReader(*facts.agent_status).number("carry.carriers", kAnyNumber).value_or(0);
    return ok("at " + std::to_string(carriers) + " interfaces, by " + status_text(facts.agent_status, "carry.kernel") +
              because);
  }
  if (state == "degraded") return warn("not as it should be" + because, "the carrier's log says more");
  if (state == "gone") {
    return fail("netclsd-carrier has ended: new containers are not carried",
                std::string(kStartCarrier) + "; if nothing is to be carried any more, netclsd-carrier --clean-up");
  }
  if (state == "failed") return fail("netclsd-carrier could not start" + because, "then start it again");
  return warn("its report is " + state + because, "start the carrier again");
}

Finding judge_bpf_file_system(const HostFacts& facts) {
  if (!facts.agent_status) return not_known();
  if (!carry_wanted(facts.agent_status).is_on) return ok("not needed: nothing is carried");
  auto mounts = bpf_mounts(facts.hosts_mountinfo);
  mounts.merge(bpf_mounts(facts.mountinfo));
  if (mounts.contains(std::string(kPinsAt))) return ok("at " + std::string(kPinsAt));
  const std::string mend = "mount -t bpf bpf " + std::string(kPinsAt) + ", and start netclsd-carrier again";
  const std::string state = status_text(facts.agent_status, "carry.state");
  if (state == "ok" || state == "degraded") {
    return ok(mounts.empty() ? "the carrier has one, which cannot be seen from here"
                             : "at " + printable(*mounts.begin()));
  }
  if (mounts.empty()) return fail("none is mounted: the carrier cannot pin what it attaches", mend);
  return warn("none at " + std::string(kPinsAt) + ", but at " + printable(*mounts.begin()),
              mend + "; or start the carrier with --bpffs");
}

Finding judge_carriers(const HostFacts& facts) {
  if (!facts.agent_containers) return not_known();
  const auto problems = carry_problems(facts.agent_containers);
  if (!problems.empty())
    return warn("the carrier reports of containers: " + some_of(problems), "the carrier's log says more");
  std::vector<std::string> shared;
  bool is_any_before = false;
  const auto ends = carried_ends(facts.agent_containers);
  for (const CarriedEnd& end : ends) {
    const std::string others = others_at(end, find_interface(facts, end.interface));
    if (others.empty()) continue;
    shared.push_back(at_interface(end) + ": " + others);
    is_any_before = is_any_before || end.before.value_or(0) > 0;
  }
  const std::string count = std::to_string(ends.size()) + (ends.size() == 1 ? " carrier" : " carriers");
  if (shared.empty()) return ok(count + ", and no program of others beside them");
  const std::string text = count + "; programs of others at " + some_of(shared);
  if (!is_any_before) return ok(text);
  return warn(text + ". What runs before ours may take packets away, and they have no class then",
              "see that it lets packets pass (TCX_NEXT), or is attached after ours");
}

Finding judge_xdp(const HostFacts& facts) {
  if (!facts.agent_containers) return not_known();
  std::vector<std::string> native;
  for (const CarriedEnd& end : carried_ends(facts.agent_containers)) {
    if (end.xdp == "native") native.push_back(at_interface(end));
  }
  if (native.empty()) return ok("no native XDP at a carried interface");
  return warn("native XDP at the host's end of " + some_of(native) + ": packets lose their class before it can be read",
              "take the program away (ip link set dev IFACE xdp off), or attach it as generic (xdpgeneric), or at the "
              "node's own interface");
}

// Without the pod's segmentation offload each of its TCP packets is handed to GRO, which takes it from its socket.
Finding judge_gro(const HostFacts& facts) {
  if (!facts.agent_containers) return not_known();
  std::vector<std::string> merging;
  std::vector<std::string> unknown;
  for (const CarriedInterface& each : facts.carried) {
    if (each.has_gro.value_or(false)) merging.push_back(printable(each.name));
    if (!each.has_gro) unknown.push_back(printable(each.name) + " (" + printable(each.unreadable_because) + ")");
  }
  if (!merging.empty()) {
    return warn("GRO is on at the host's end of " + some_of(merging) +
                    ": if the pod's own segmentation offload (tso) is off, which cannot be seen from here, its TCP "
                    "packets lose their class",
                "ethtool -K IFACE gro off, or tso on inside the pod");
  }
  if (!unknown.empty()) return ok("not known of " + some_of(unknown));
  return ok(facts.carried.empty() ? "no interface is carried" : "off at every carried interface");
}

Finding judge_priority(const HostFacts& facts) {
  if (!facts.agent_status) return not_known();
  if (!carry_wanted(facts.agent_status).to_priority) return ok("not needed: no priority is carried");
  const std::string& value = facts.forward_update_priority;
  if (value.empty()) return ok("not known: net.ipv4.ip_forward_update_priority cannot be read");
  if (value.starts_with('0')) return ok("net.ipv4.ip_forward_update_priority is 0: routed IPv4 packets keep theirs");
  return warn("net.ipv4.ip_forward_update_priority is not 0: routed IPv4 packets lose the priority that is carried",
              "sysctl -w net.ipv4.ip_forward_update_priority=0");
}

// Marks are mostly used by rules that are not looked at. A priority is hardly used by anything but a qdisc.
Finding judge_use(const HostFacts& facts) {
  if (!facts.queueing) return ok("not known: " + printable(facts.queueing.error().message(), kMessageMax_bytes));
  const CarryWanted wanted = carry_wanted(facts.agent_status);
  const Users users = find_users(facts, wanted);
  if (!users.found.empty()) return ok("may use the class: " + some_of(users.found));
  const std::string beside = users.others.empty() ? "" : " (" + some_of(users.others) + ")";
  const std::string text = "no qdisc or filter of this host uses the class" + beside;
  if (!wanted.to_priority) return ok(text + "; " + kNotLookedAt);
  return warn(text + ", though priorities are carried for one; " + kNotLookedAt,
              "give the node's interface a qdisc whose handle is the classes' major number (docs/recipes.md)");
}

}  // namespace netclsd::cli
