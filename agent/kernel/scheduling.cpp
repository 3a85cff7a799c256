#include "agent/kernel/scheduling.h"

#include <sched.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdint>

namespace netclsd {
namespace {

constexpr std::uint64_t kShortSlice_ns = 100'000;  // the least that the kernel grants
constexpr std::uint64_t kOrdinarySlice_ns = 0;     // whatever it grants to all

// The kernel's struct sched_attr, first version (sched_setattr(2)): linux/sched/types.h cannot be included beside
// sched.h, since both define sched_param.
struct SchedulingAttributes {
  std::uint32_t size = sizeof(SchedulingAttributes);
  std::uint32_t policy = SCHED_OTHER;
  std::uint64_t flags = 0;
  std::int32_t nice = 0;
  std::uint32_t priority = 0;
  std::uint64_t runtime_ns = 0;
  std::uint64_t deadline_ns = 0;
  std::uint64_t period_ns = 0;
};
static_assert(sizeof(SchedulingAttributes) == 48);

}  // namespace

void ask_for(Turns turns) {
  SchedulingAttributes wanted;
  wanted.nice = ::getpriority(PRIO_PROCESS, 0);
  wanted.runtime_ns = turns == Turns::kShort ? kShortSlice_ns : kOrdinarySlice_ns;
  ::syscall(SYS_sched_setattr, 0, &wanted, 0U);  // a kernel or sandbox that refuses it: only later
}

}  // namespace netclsd
