// The configuration file. What is accepted is within the limits; what is refused is told in one line with its place.
#include "agent/config/config.h"

#include "common/base/error.h"
#include "tests/fuzz/fuzz.h"

namespace netclsd {
namespace {

void check_default_class(const Config& config) {
  if (!config.default_class) return;
  if (const auto* name = std::get_if<ClassName>(&*config.default_class)) CHECK(config.classes.contains(name->text));
}

void check_config(const Config& config) {
  CHECK(config.socket.starts_with('/') && config.socket.size() <= 103 && !has_control_characters(config.socket));
  CHECK(config.state_dir.starts_with('/') && !has_control_characters(config.state_dir));
  CHECK(config.net_cls.parent.find('/') == std::string::npos && !config.net_cls.parent.starts_with('.'));
  CHECK(config.receive_buffer_bytes >= 4096 && config.receive_buffer_bytes <= 1U << 30);
  CHECK(config.audit_interval >= std::chrono::milliseconds{100} && config.audit_interval <= std::chrono::hours{24});
  CHECK(config.event_nap.count() >= 0 && config.event_nap <= std::chrono::milliseconds{10});
  for (const ClassIdRange& range : config.allowed_classids) CHECK(range.first <= range.last);
  for (const auto& [name, classid] : config.classes) CHECK(!ClassId::parse(name) && classid.raw() != 0);
  check_default_class(config);
  CHECK(restart_only_changes(config, config).empty());
}

}  // namespace

void fuzz_one(std::string_view input) {
  const auto config = parse_config(input, "FILE");
  if (config) return check_config(*config);
  check_error(config.error());
  CHECK(config.error().code() == ErrorCode::kInvalid);
  CHECK(config.error().message().starts_with("FILE:"));
}

}  // namespace netclsd
