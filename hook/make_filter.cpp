// Run by the build: prints the hook's compiled filters as a header.
#include "common/sandbox/filter_header.h"
#include "hook/sandbox.h"

int main() { return netclsd::print_filter_header(netclsd::hook::hook_policy(), "kHookFilter", "hook/policy.cpp"); }
