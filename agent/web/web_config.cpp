#include "agent/web/web_config.h"

#include <array>
#include <filesystem>

#include "agent/web/web_keys.h"
#include "agent/web/yaml_reader.h"
#include "common/base/file.h"

namespace netclsd {
namespace {

using Kind = JsonNode::Kind;

constexpr std::size_t kUserNameMax = 255;
constexpr std::string_view kBcryptAlphabet = "./ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

Result<void> refuse_headers(const ConfigValue& value, WebConfig&) {
  return value.wrong("is not supported: they are for browsers");
}

Result<void> refuse_rate_limit(const ConfigValue& value, WebConfig&) {
  return value.wrong("is not supported: the listener's own limits are in docs/architecture.md");
}

// HTTP/1.1 is all that is spoken here, whatever is allowed.
Result<void> read_http2(const ConfigValue& value, WebConfig&) {
  if (const auto is_allowed = boolean_in(value); !is_allowed) return pass_on(is_allowed.error());
  return {};
}

constexpr std::array<WebKey, 2> kHttpKeys = {{{"http2", read_http2}, {"headers", refuse_headers}}};

Result<void> read_http(const ConfigValue& value, WebConfig& config) {
  return read_web_members(value, kHttpKeys, config);
}

// "$2b$", two digits, "$", 22 characters of salt and 31 of hash.
bool is_bcrypt(std::string_view text) {
  constexpr std::size_t kLength = 60;
  if (text.size() != kLength || !(text.starts_with("$2a$") || text.starts_with("$2b$") || text.starts_with("$2y$"))) {
    return false;
  }
  const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  return is_digit(text[4]) && is_digit(text[5]) && text[6] == '$' &&
         text.find_first_not_of(kBcryptAlphabet, 7) == std::string_view::npos;
}

Result<void> check_bcrypt(const ConfigValue& value) {
  constexpr int kCostMin = 4;
  if (value.node.kind != Kind::kString || !is_bcrypt(value.node.text)) {
    return value.wrong("expected a password's bcrypt hash like $2y$10$… (htpasswd -nBC 10 \"\")");
  }
  const int cost = (value.node.text[4] - '0') * 10 + (value.node.text[5] - '0');
  if (cost >= kCostMin && cost <= kBcryptCostMax) return {};
  return value.wrong("expected a bcrypt cost of 4 to " + std::to_string(kBcryptCostMax) + ", found " +
                     std::to_string(cost));
}

Result<void> check_user_name(const ConfigValue& value, std::string_view name) {
  if (!name.empty() && name.size() <= kUserNameMax && name.find(':') == std::string_view::npos) return {};
  return value.wrong("a user's name has no ':' and 1 to " + std::to_string(kUserNameMax) + " characters");
}

Result<void> read_users(const ConfigValue& value, WebConfig& config) {
  if (value.node.kind != Kind::kObject) return value.expected("users' names and bcrypt hashes");
  if (value.node.members.size() > kUsersMax) return value.wrong("more than " + std::to_string(kUsersMax) + " users");
  for (const JsonMember& member : value.node.members) {
    const ConfigValue user = member_value(value, member);
    if (auto checked = check_user_name(user, member.key); !checked) return checked;
    if (auto checked = check_bcrypt(user); !checked) return checked;
    config.users.emplace(member.key, member.value.text);
  }
  return {};
}

constexpr std::array<WebKey, 4> kKeys = {{
    {"tls_server_config", read_tls},
    {"http_server_config", read_http},
    {"basic_auth_users", read_users},
    {"rate_limit", refuse_rate_limit},
}};

}  // namespace

Result<WebConfig> parse_web_config(std::string_view text, const std::string& file) {
  if (text.size() > kWebConfigMax_bytes) {
    return invalid(file + ": larger than " + std::to_string(kWebConfigMax_bytes) + " bytes");
  }
  const auto tree = read_yaml(text, file);
  if (!tree) return pass_on(tree.error());
  WebConfig config{.file = file, .tls = {}, .users = {}};
  if (tree->kind != Kind::kNull) {
    if (auto read = read_web_members({*tree, "", file}, kKeys, config); !read) return pass_on(read.error());
  }
  if (!config.tls && config.users.empty()) {
    return invalid(file + ": expected tls_server_config or basic_auth_users, found neither: it protects nothing");
  }
  return config;
}

Result<WebConfig> load_web_config(const std::string& file) {
  const auto text = read_file(file, kWebConfigMax_bytes);
  if (!text) return pass_on(text.error(), "web_config");
  return parse_web_config(*text, file);
}

std::vector<std::string> files_of(const WebConfig& config) {
  std::vector<std::string> files = {config.file};
  if (config.tls) {
    files.push_back(config.tls->certificate.path);
    files.push_back(config.tls->key.path);
    if (config.tls->client_ca) files.push_back(config.tls->client_ca->path);
  }
  for (std::size_t i = files.size(); i-- > 0;) {
    std::error_code ignored;  // what is not there has no other path
    const std::string target = std::filesystem::weakly_canonical(files[i], ignored);
    if (!target.empty() && target != files[i]) files.push_back(target);
  }
  return files;
}

}  // namespace netclsd
