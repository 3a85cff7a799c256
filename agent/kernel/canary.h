// A harmless event of our own: the proof that events still arrive. Loop thread only.
#pragma once

namespace netclsd {

// Sets this thread's name to what it is: the kernel makes a COMM event of it all the same (6 µs round trip).
void send_canary();

}  // namespace netclsd
