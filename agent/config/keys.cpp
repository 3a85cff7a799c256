#include "agent/config/keys.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <type_traits>
#include <utility>

#include "agent/config/config.h"
#include "common/base/error.h"
#include "common/base/text.h"

namespace netclsd {
namespace {

using Kind = JsonNode::Kind;

// sockaddr_un holds 107 characters and a NUL; the server binds under a name four characters longer (".new").
constexpr std::size_t kSocketPathMax = 103;
constexpr std::size_t kPathMax = 1024;
constexpr std::size_t kNameMax = 63;
constexpr std::uint64_t kReceiveBufferMin_bytes = 4U << 10;  // for tests of loss; a busy node needs far more
constexpr std::uint64_t kReceiveBufferMax_bytes = 1U << 30;  // the kernel doubles it and stops at 2 GiB
constexpr std::chrono::microseconds kAuditIntervalMin = std::chrono::milliseconds{100};
constexpr std::chrono::microseconds kEventNapMax = std::chrono::milliseconds{10};

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_name_character(char c) { return is_letter(c) || (c >= '0' && c <= '9') || c == '_' || c == '-' || c == '.'; }
bool is_name(std::string_view text) {
  return !text.empty() && text.size() <= kNameMax && std::all_of(text.begin(), text.end(), is_name_character);
}

bool is_plain(char c) { return static_cast<unsigned char>(c) >= ' ' && c != '\x7f'; }

// A string that `parse` makes a value of: it returns an optional, or a bool that says whether the string itself is
// good.
template <typename T, typename Parse>
Result<void> read_as(const ConfigValue& value, std::string_view what, Parse parse, T& out) {
  const auto text = string_in(value, what);
  if (!text) return pass_on(text.error());
  const auto parsed = parse(*text);
  if (!parsed) return value.expected(what);
  if constexpr (std::is_same_v<decltype(parsed), const bool>) {
    out = *text;
  } else {
    out = *parsed;
  }
  return {};
}

Result<void> read_path(const ConfigValue& value, std::size_t length_max, std::string& out) {
  const std::string what = "an absolute path of at most " + std::to_string(length_max) + " characters";
  const auto is_path = [&](std::string_view text) {
    const bool is_absolute = text.starts_with('/') && text.size() > 1 && text.size() <= length_max;
    return is_absolute && std::all_of(text.begin(), text.end(), is_plain);
  };
  return read_as(value, what, is_path, out);
}

Result<void> read_socket(const ConfigValue& value, Config& config) {
  return read_path(value, kSocketPathMax, config.socket);
}

// Whether the group exists is checked when the socket is made: the file may be checked on another machine.
Result<void> read_socket_group(const ConfigValue& value, Config& config) {
  config.socket_group.reset();
  if (value.node.kind == Kind::kNull) return {};
  return read_as(value, "a group's name or number like \"netclsd\" or \"990\", or null", is_name, config.socket_group);
}

Result<void> read_state_dir(const ConfigValue& value, Config& config) {
  return read_path(value, kPathMax, config.state_dir);
}

bool is_ip_address(const std::string& host, int family) {
  in6_addr address;
  return ::inet_pton(family, host.c_str(), &address) == 1;
}

std::optional<ListenAddress> parse_listen(std::string_view text) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return std::nullopt;
  const auto port = parse_unsigned(text.substr(colon + 1));
  if (!port || *port > 0xffff) return std::nullopt;
  std::string_view host = text.substr(0, colon);
  const bool is_bracketed = host.size() > 2 && host.starts_with('[') && host.ends_with(']');
  if (is_bracketed) host = host.substr(1, host.size() - 2);
  if (!is_ip_address(std::string(host), is_bracketed ? AF_INET6 : AF_INET)) return std::nullopt;
  return ListenAddress{std::string(host), static_cast<std::uint16_t>(*port)};
}

Result<void> read_listen(const ConfigValue& value, Config& config) {
  constexpr std::string_view kWhat = "an IP address and a port like \"127.0.0.1:9917\" or \"[::1]:9917\", or null";
  config.listen.reset();
  if (value.node.kind == Kind::kNull) return {};
  const auto text = string_in(value, kWhat);
  if (!text) return pass_on(text.error());
  if (text->empty()) return {};
  config.listen = parse_listen(*text);
  if (!config.listen) return value.expected(kWhat);
  return {};
}

Result<void> read_web_config(const ConfigValue& value, Config& config) {
  config.web_config.reset();
  if (value.node.kind == Kind::kNull) return {};
  return read_path(value, kPathMax, config.web_config.emplace());
}

Result<void> read_mount(const ConfigValue& value, Config& config) {
  if (value.node.text.starts_with('/')) return read_path(value, kPathMax, config.net_cls.mount);
  const auto is_auto = [](std::string_view text) { return text == kNetClsMountAuto; };
  return read_as(value, "\"auto\" or an absolute path", is_auto, config.net_cls.mount);
}

Result<void> read_parent(const ConfigValue& value, Config& config) {
  const auto is_directory_name = [](std::string_view text) { return is_name(text) && !text.starts_with('.'); };
  return read_as(value, "a directory's name of letters, digits, '_', '-' and '.'", is_directory_name,
                 config.net_cls.parent);
}

Result<void> read_keep_mounted(const ConfigValue& value, Config& config) {
  if (value.node.kind != Kind::kBoolean) return value.expected("true or false");
  config.net_cls.keep_mounted = value.node.text == "true";
  return {};
}

// A name begins with a letter, so that it cannot be mistaken for a classid.
Result<void> read_class(const ConfigValue& value, const std::string& name, Config& config) {
  if (!is_name(name) || !is_letter(name.front())) {
    return value.wrong("a class's name begins with a letter and has letters, digits, '_', '-' and '.', at most 63");
  }
  const auto text = string_in(value, "a classid like \"10:1\"");
  if (!text) return pass_on(text.error());
  const auto class_id = ClassId::parse(*text);
  if (!class_id) return value.wrong(class_id.error().message());
  config.classes.emplace(name, *class_id);
  return {};
}

Result<void> read_classes(const ConfigValue& value, Config& config) {
  if (value.node.kind != Kind::kObject) return value.expected("an object like {\"gold\": \"10:1\"}");
  for (const JsonMember& member : value.node.members) {
    if (auto read = read_class(member_value(value, member), member.key, config); !read) return read;
  }
  return {};
}

constexpr std::string_view kDefaultClassWhat = "a class's name, a classid like \"10:1\", or null";

// Only the type is checked here: all classes are known when resolve_default_class is called.
Result<void> read_default_class(const ConfigValue& value, Config&) {
  if (value.node.kind != Kind::kNull && value.node.kind != Kind::kString) return value.expected(kDefaultClassWhat);
  return {};
}

Result<void> read_allowed_classids(const ConfigValue& value, Config& config) {
  auto ranges = ranges_in(value);
  if (!ranges) return pass_on(ranges.error());
  config.allowed_classids = *std::move(ranges);
  return {};
}

Result<void> read_receive_buffer(const ConfigValue& value, Config& config) {
  const auto parse = [](std::string_view text) {
    const auto bytes = parse_size(text);
    const bool is_good = bytes && *bytes >= kReceiveBufferMin_bytes && *bytes <= kReceiveBufferMax_bytes;
    return is_good ? bytes : std::nullopt;
  };
  return read_as(value, "a size from 4KiB to 1GiB like \"64MiB\"", parse, config.receive_buffer_bytes);
}

Result<void> read_audit_interval(const ConfigValue& value, Config& config) {
  const auto parse = [](std::string_view text) {
    const auto interval = parse_duration(text);
    return interval && *interval >= kAuditIntervalMin ? interval : std::nullopt;
  };
  return read_as(value, "a duration from 100ms to 24h like \"30s\"", parse, config.audit_interval);
}

Result<void> read_event_nap(const ConfigValue& value, Config& config) {
  const auto parse = [](std::string_view text) {
    const auto nap = parse_duration(text);
    return nap && *nap <= kEventNapMax ? nap : std::nullopt;
  };
  return read_as(value, "a duration from 0ms to 10ms like \"1ms\"", parse, config.event_nap);
}

Result<void> read_log_level(const ConfigValue& value, Config& config) {
  return read_as(value, R"("debug", "info", "warning" or "error")", parse_log_level, config.log.level);
}

Result<void> read_log_format(const ConfigValue& value, Config& config) {
  return read_as(value, R"("text" or "json")", parse_log_format, config.log.format);
}

Result<void> read_seccomp(const ConfigValue& value, Config& config) {
  const auto parse = [](std::string_view text) {
    const auto mode = parse_seccomp_mode(text);
    return mode == SeccompMode::kRefuse ? std::nullopt : mode;
  };
  return read_as(value, R"("kill", "log" or "off")", parse, config.sandbox.seccomp);
}

std::optional<LandlockMode> parse_landlock_mode(std::string_view text) {
  if (text == "auto") return LandlockMode::kAuto;
  return text == "off" ? std::optional(LandlockMode::kOff) : std::nullopt;
}

Result<void> read_landlock(const ConfigValue& value, Config& config) {
  return read_as(value, R"("auto" or "off")", parse_landlock_mode, config.sandbox.landlock);
}

constexpr std::array<ConfigKey, 3> kNetClsKeys = {
    {{"mount", read_mount}, {"parent", read_parent}, {"keep_mounted", read_keep_mounted}}};
constexpr std::array<ConfigKey, 2> kLogKeys = {{{"level", read_log_level}, {"format", read_log_format}}};
constexpr std::array<ConfigKey, 2> kSandboxKeys = {{{"seccomp", read_seccomp}, {"landlock", read_landlock}}};

Result<void> read_net_cls(const ConfigValue& value, Config& config) { return read_members(value, kNetClsKeys, config); }
Result<void> read_log(const ConfigValue& value, Config& config) { return read_members(value, kLogKeys, config); }
Result<void> read_sandbox(const ConfigValue& value, Config& config) {
  return read_members(value, kSandboxKeys, config);
}

// An editor finds the schema by this key.
Result<void> read_schema(const ConfigValue& value, Config&) {
  if (auto text = string_in(value, "the schema's address"); !text) return pass_on(text.error());
  return {};
}

const std::array<ConfigKey, 17> kKeys = {{
    {"$schema", read_schema},
    {"socket", read_socket},
    {"socket_group", read_socket_group},
    {"state_dir", read_state_dir},
    {"listen", read_listen},
    {"web_config", read_web_config},
    {"net_cls", read_net_cls, kNetClsKeys},
    {"classes", read_classes},
    {"default_class", read_default_class},
    {"allowed_classids", read_allowed_classids},
    {"policy", read_policy, policy_keys()},
    {"receive_buffer", read_receive_buffer},
    {"audit_interval", read_audit_interval},
    {"event_nap", read_event_nap},
    {"log", read_log, kLogKeys},
    {"sandbox", read_sandbox, kSandboxKeys},
    {"carry", read_carry, carry_keys()},
}};

void append_names(std::span<const ConfigKey> keys, const std::string& prefix, std::vector<std::string>& names) {
  for (const ConfigKey& key : keys) {
    names.push_back(prefix + std::string(key.name));
    append_names(key.children, names.back() + ".", names);
  }
}

const ConfigKey* find_key(std::span<const ConfigKey> keys, std::string_view path) {
  const auto parts = split(path, '.', 2);
  for (const ConfigKey& key : keys) {
    if (key.name == parts.front()) return parts.size() == 1 ? &key : find_key(key.children, parts.back());
  }
  return nullptr;
}

}  // namespace

std::span<const ConfigKey> config_keys() { return kKeys; }

std::vector<std::string> known_config_keys() {
  std::vector<std::string> names;
  append_names(kKeys, "", names);
  return names;
}

Result<void> resolve_default_class(const ConfigValue& root, Config& config) {
  const JsonNode* node = root.node.find("default_class");
  if (node == nullptr || node->kind == Kind::kNull) return {};
  const ConfigValue value{*node, "default_class", root.file};
  if (config.classes.contains(node->text)) {
    config.default_class = ClassName{node->text};
    return {};
  }
  if (!node->text.empty() && is_letter(node->text.front())) {
    return value.wrong(in_quotes(node->text) + " is not one of the classes");
  }
  const auto class_id = ClassId::parse(node->text);
  if (!class_id) return value.wrong(class_id.error().message());
  config.default_class = *class_id;
  return {};
}

Result<void> set_config_key(Config& config, std::string_view key, std::string text, std::string flag) {
  const ConfigKey* found = find_key(kKeys, key);
  CHECK(found != nullptr);
  const JsonNode node{.kind = Kind::kString, .text = std::move(text), .members = {}};
  return found->read({node, std::move(flag), {}}, config);
}

}  // namespace netclsd
