#include "tests/sim/checks.h"

#include <algorithm>

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

}  // namespace

std::string check_process(const Node& node, Pid pid) {
  if (node.is_in_its_class(pid)) return "";
  const FakeProcess& process = node.world.all().at(pid);
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
  const std::size_t managed = count_managed(node);
  const bool has_parent = node.world.groups().contains("netclsd");
  return first_of({differ("state files", managed, node.world.kept().size()),
                   differ("groups", managed + (has_parent ? 2 : 1), node.world.groups().size()),
                   differ("spool entries", 0, node.world.spool().size())});
}

std::string check_counters(const Node& node, const Counters& counters) {
  return first_of({differ("events_dropped", node.world.drops_told(), counters.events_dropped.value()),
                   differ("containers", count_managed(node), counters.containers.value()),
                   differ("containers of all classes", count_managed(node), count_classified(counters)),
                   differ("processes", count_members(node), counters.processes.value()),
                   differ("moves", node.world.moves(), sum(counters.moves)),
                   counters.strays_repaired.value() <= counters.moves[MoveCause::kSweep].value()
                       ? ""
                       : "more strays repaired than sweeps moved"});
}

}  // namespace netclsd
