// netclsd-hook-stub: takes the hook's place when it is uninstalled while containers or a runtime still name it. It does
// nothing and succeeds, whatever its arguments are: a hook that is not there lets no container start.
#include <unistd.h>

int main() {
  char state[4096];
  // Read to the end: a runtime that writes the state into a closed pipe may call that a failure.
  while (::read(STDIN_FILENO, state, sizeof state) > 0) {
  }
  return 0;
}
