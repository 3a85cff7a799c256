// netclsd-hook-stub: replaces the hook when it is uninstalled while containers or a runtime still name it. It does
// nothing and succeeds, whatever its arguments are. Without it, a runtime would refuse every container that names the
// hook.
#include <unistd.h>

int main() {
  char state[4096];
  // Read to the end: a runtime that writes the state into a closed pipe may call that a failure.
  while (::read(STDIN_FILENO, state, sizeof state) > 0) {
  }
  return 0;
}
