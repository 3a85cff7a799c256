#include "carry/differences.h"

namespace netclsd::carry {
namespace {

using Packets = std::map<std::pair<Owner, std::uint32_t>, std::uint64_t>;

// Of sockets with a class that is not their container's. Packets by the fallback have the container's.
Packets differing(const Counts& counts, const Members& members) {
  std::map<Owner, std::uint32_t> class_of;
  for (const auto& [cgroup, member] : members) class_of.emplace(member.owner, member.classid);
  Packets packets;
  for (const auto& [key, count] : counts) {
    const auto own = class_of.find(key.owner);
    if (own == class_of.end() || key.classid == 0 || key.classid == own->second) continue;
    packets[{key.owner, key.classid}] += count.packets;
  }
  return packets;
}

}  // namespace

LastingDifferences Differences::observe(const Counts& counts, const Members& members, Clock::time_point now,
                                        Clock::duration patience) {
  std::map<std::pair<Owner, std::uint32_t>, Course> courses;
  LastingDifferences lasting;
  for (const auto& [which, packets] : differing(counts, members)) {
    const auto known = courses_.find(which);
    // What is seen for the first time may have been counted by an earlier carrier.
    Course course = known == courses_.end() ? Course{packets, {}, now} : known->second;
    if (now - course.grew_at >= patience) course.began_at.reset();
    if (packets > course.packets) course = {packets, course.began_at.value_or(now), now};
    courses.emplace(which, course);
    if (!course.began_at || course.grew_at - *course.began_at < patience) continue;
    const auto lasted = std::chrono::duration_cast<std::chrono::seconds>(now - *course.began_at);
    const Difference seen{*ClassId::from_raw(which.second), lasted};
    const auto longest = lasting.emplace(which.first, seen).first;
    if (lasted > longest->second.lasted) longest->second = seen;
  }
  courses_ = std::move(courses);
  return lasting;
}

}  // namespace netclsd::carry
