// Run by the build: prints the plugin's compiled filters as a header.
#include "common/sandbox/filter_header.h"
#include "nri/sandbox.h"

int main() { return netclsd::print_filter_header(netclsd::nri::nri_policy(), "kNriFilter", "nri/policy.cpp"); }
