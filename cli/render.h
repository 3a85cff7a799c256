// The agent's JSON answers as text for people. Pure. Fields that an older agent does not send are shown as "-".
#pragma once

#include <string>

#include "common/json/fields.h"

namespace netclsd::cli {

[[nodiscard]] std::string render_list(const Json& answer);
[[nodiscard]] std::string render_container(const Json& answer);
[[nodiscard]] std::string render_process(const Json& answer);
[[nodiscard]] std::string render_sweep(const Json& answer);
[[nodiscard]] std::string render_status(const Json& answer);

}  // namespace netclsd::cli
