// The one place that includes toml++. Without exceptions: a failed parse is a value.
#pragma once

// Version 3.3 asserts of a header's first character what it only then checks (marzer/tomlplusplus#294): "[&" would end
// the program instead of being an error.
#define TOML_ASSERT(expr) static_cast<void>(0)
#define TOML_EXCEPTIONS 0
#define TOML_ENABLE_FORMATTERS 0
#include <toml++/toml.h>
