#include "agent/config/config.h"

#include <cerrno>

#include "agent/config/keys.h"
#include "common/base/file.h"

namespace netclsd {

Result<Config> parse_config(std::string_view text, std::string_view file_name) {
  if (text.size() > kConfigFileMax_bytes) {
    return invalid(std::string(file_name) + ": larger than " + std::to_string(kConfigFileMax_bytes) + " bytes");
  }
  const auto tree = read_json(text, file_name);
  if (!tree) return pass_on(tree.error());
  const ConfigValue root{*tree, "", file_name};
  Config config;
  if (auto read = read_members(root, config_keys(), config); !read) return pass_on(read.error());
  if (auto resolved = resolve_default_class(root, config); !resolved) return pass_on(resolved.error());
  if (auto checked = check_policy(root, config); !checked) return pass_on(checked.error());
  if (auto checked = check_carry(root, config); !checked) return pass_on(checked.error());
  return config;
}

Result<Config> load_config(const std::optional<std::string>& path) {
  const std::string file = path.value_or(kDefaultConfigFile);
  const auto text = read_file(file, kConfigFileMax_bytes);
  if (text) return parse_config(*text, file);
  if (text.error().sys_errno() == ENOENT && !path) return Config{};
  return pass_on(text.error(), "configuration");
}

std::vector<std::string> restart_only_changes(const Config& old, const Config& now) {
  std::vector<std::string> keys;
  const auto compare = [&keys](const char* key, const auto& before, const auto& after) {
    if (before != after) keys.emplace_back(key);
  };
  compare("socket", old.socket, now.socket);
  compare("socket_group", old.socket_group, now.socket_group);
  compare("state_dir", old.state_dir, now.state_dir);
  compare("listen", old.listen, now.listen);
  compare("web_config", old.web_config, now.web_config);
  compare("net_cls.mount", old.net_cls.mount, now.net_cls.mount);
  compare("net_cls.parent", old.net_cls.parent, now.net_cls.parent);
  compare("net_cls.keep_mounted", old.net_cls.keep_mounted, now.net_cls.keep_mounted);
  compare("receive_buffer", old.receive_buffer_bytes, now.receive_buffer_bytes);
  compare("log.format", old.log.format, now.log.format);
  compare("sandbox.seccomp", old.sandbox.seccomp, now.sandbox.seccomp);
  compare("sandbox.landlock", old.sandbox.landlock, now.sandbox.landlock);
  return keys;
}

}  // namespace netclsd
