#include "tests/sim/checks.h"

#include <algorithm>
#include <numeric>
#include <set>

namespace netclsd {
namespace {

std::size_t count_managed(const Node& node) {
  return static_cast<std::size_t>(std::count_if(node.containers.begin(), node.containers.end(),
                                                [](const SimContainer& each) { return each.is_managed; }));
}

std::uint64_t count_members(const Node& node) {
  std::uint64_t members = 0;
  for (const auto& [pid, process] : node.world.all()) {
    const SimContainer* container = process.owner ? node.find(*process.owner) : nullptr;
    members += container != nullptr && container->is_managed ? 1 : 0;
  }
  return members;
}

std::uint64_t count_classified(const Counters& counters) {
  std::uint64_t containers = 0;
  for (const ClassRow& row : counters.classes.rows()) containers += row.containers;
  return containers;
}

std::string differ(const std::string& what, std::uint64_t expected, std::uint64_t found) {
  return expected == found ? "" : what + ": " + std::to_string(found) + ", not " + std::to_string(expected);
}

std::string first_of(std::initializer_list<std::string> found) {
  const auto first = std::find_if(found.begin(), found.end(), [](const std::string& each) { return !each.empty(); });
  return first == found.end() ? "" : *first;
}

std::uint64_t sum(const LabelledCount<MoveCause>& counts) {
  std::uint64_t total = 0;
  for (std::size_t i = 0; i < counts.size(); ++i) total += counts[static_cast<MoveCause>(i)].value();
  return total;
}

// A registration that fails halfway brings init back to the group that it was in, and a process that was hit wrongly is
// brought back to its parent's: no moves that are counted.
std::string check_moves(const Node& node, const Counters& counters) {
  const auto& failures = node.faults.counts.failures;
  const std::uint64_t undone = std::accumulate(failures.begin(), failures.end(), std::uint64_t{0}) +
                               counters.move_failures[MoveFailure::kGone].value();
  const std::uint64_t counted = sum(counters.moves);
  const bool is_right = counted <= node.world.moves() && counted + undone >= node.world.moves();
  return is_right ? "" : differ("moves", node.world.moves(), counted);
}

}  // namespace

std::string check_process(const Node& node, Pid pid) {
  const FakeProcess& process = node.world.all().at(pid);
  if (node.is_in_its_class(pid) || process.keeps_leaving) return "";
  return "process " + to_string(pid) + " of " + process.owner.value_or("the host") + " is in " + process.net_cls +
         " with class " + std::to_string(node.world.class_of(process.net_cls).value_or(0));
}

std::string check_processes(const Node& node) {
  for (const auto& [pid, process] : node.world.all()) {
    if (auto wrong = check_process(node, pid); !wrong.empty()) return wrong;
  }
  return "";
}

std::string check_leftovers(const Node& node) {
  std::set<std::string> expected{"", "netclsd", "kubepods"};
  for (const auto& [id, registration] : node.world.kept()) expected.insert(registration.directory);
  for (const auto& [group, classid] : node.world.groups()) {
    const bool is_the_runtimes = group.starts_with("kubepods/");
    if (!is_the_runtimes && !group.ends_with("/sub") && !expected.contains(group)) return "left over: group " + group;
  }
  return first_of({differ("state files", count_managed(node), node.world.kept().size()),
                   differ("spool entries", 0, node.world.spool().size())});
}

std::string check_released(const Node& node) {
  for (const auto& [id, registration] : node.world.kept()) {
    if (node.world.owned_by(id.text()).empty()) return "not released: " + id.text();
  }
  return "";
}

std::string check_drains(const Node& node) { return differ("undrained writes", 0, node.world.undrained_writes()); }

std::string check_kernel_lives(const Node& node) { return differ("kernel crashes", 0, node.world.kernel_crashes()); }

std::string check_counters(const Node& node, const Counters& counters) {
  return first_of({differ("events_dropped", node.world.drops_told(), counters.events_dropped.value()),
                   differ("containers", count_managed(node), counters.containers.value()),
                   differ("containers of all classes", count_managed(node), count_classified(counters)),
                   differ("processes", count_members(node), counters.processes.value()), check_moves(node, counters),
                   counters.strays_repaired.value() <= counters.moves[MoveCause::kSweep].value()
                       ? ""
                       : "more strays repaired than sweeps moved"});
}

}  // namespace netclsd
