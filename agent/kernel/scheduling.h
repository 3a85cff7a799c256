// How the scheduler treats the calling thread.
#pragma once

namespace netclsd {

// Short turns on the CPU come soon: a thread that wakes up with a shorter slice than the running one's takes its place
// at once, else it waits until that one sleeps or its slice is over (EEVDF's PREEMPT_SHORT; kernel/sched/fair.c). It
// gets no more CPU in all, so no privilege is needed. Before Linux 6.12 the kernel ignores it.
enum class Turns { kOrdinary, kShort };

void ask_for(Turns turns);

}  // namespace netclsd
