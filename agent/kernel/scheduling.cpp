#include "agent/kernel/scheduling.h"

#include <linux/sched.h>  // and not sched.h: both define sched_param
#include <linux/sched/types.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdint>

namespace netclsd {
namespace {

constexpr std::uint64_t kShortSlice_ns = 100'000;  // the least that the kernel grants
constexpr std::uint64_t kOrdinarySlice_ns = 0;     // whatever it grants to all

}  // namespace

void ask_for(Turns turns) {
  sched_attr wanted{};
  wanted.size = sizeof wanted;
  wanted.sched_policy = SCHED_NORMAL;
  wanted.sched_nice = ::getpriority(PRIO_PROCESS, 0);
  wanted.sched_runtime = turns == Turns::kShort ? kShortSlice_ns : kOrdinarySlice_ns;
  ::syscall(SYS_sched_setattr, 0, &wanted, 0U);  // a kernel or sandbox that refuses it: only later
}

}  // namespace netclsd
