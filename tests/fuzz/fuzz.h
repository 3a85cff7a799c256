// What the fuzz targets share (docs/fuzzing.md). A target is one file NAME_fuzz.cpp that defines fuzz_one(); a property
// that does not hold is a CHECK that fails, so that the fuzzer keeps the input.
#pragma once

#include <string_view>

#include "common/base/error.h"

namespace netclsd {

// Called with each input. Keeps nothing from one call to the next, so that an input reproduces what it found.
void fuzz_one(std::string_view input);

[[nodiscard]] bool has_control_characters(std::string_view text);

// Errors quote what others wrote, and still are one line of bounded length: they go into logs, onto terminals and into
// a pod's events.
void check_error(const Error& error);

}  // namespace netclsd
