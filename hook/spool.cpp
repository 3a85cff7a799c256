#include "hook/spool.h"

#include "common/base/file.h"

namespace netclsd::hook {

Result<void> leave_in_spool(const std::string& directory, const Registration& registration) {
  if (auto made = make_directories(directory, 0700); !made) return made;
  auto spool = open_directory(directory);
  if (!spool) return pass_on(spool.error());
  SpoolEntry entry{.id = registration.id, .request = registration.request};
  entry.request.source = RegistrationSource::kSpool;
  return write_atomically_at(*spool, registration.id.text() + ".json", to_json(entry), 0600);
}

}  // namespace netclsd::hook
