// The one place that includes toml++. Without exceptions: a failed parse is a value.
#pragma once

#define TOML_EXCEPTIONS 0
#define TOML_ENABLE_FORMATTERS 0
#include <toml++/toml.h>
