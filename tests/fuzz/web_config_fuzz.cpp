// The web configuration, YAML. What is accepted protects something and names absolute files; what is refused is told in
// one line with its place.
#include "agent/http/web_config.h"

#include "common/base/error.h"
#include "tests/fuzz/fuzz.h"

namespace netclsd {

void fuzz_one(std::string_view input) {
  const auto config = parse_web_config(input, "/DIRECTORY/FILE");
  if (!config) {
    check_error(config.error());
    CHECK(config.error().message().starts_with("/DIRECTORY/FILE"));
    return;
  }
  CHECK(config->tls || !config->users.empty());
  CHECK(config->users.size() <= kUsersMax);
  for (const std::string& file : files_of(*config)) CHECK(file.starts_with('/'));
}

}  // namespace netclsd
