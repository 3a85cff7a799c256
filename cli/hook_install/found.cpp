#include "cli/hook_install/found.h"

#include <array>

#include "cli/hook_install/command.h"
#include "common/base/text.h"

namespace netclsd::cli {
namespace {

constexpr std::chrono::seconds kLimit{10};
constexpr std::array<const char*, 7> kDirectories = {"/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin",
                                                     "/sbin",           "/bin",           "/opt/bin"};

struct Sign {
  Runtime runtime;
  const char* program;
  const char* path;  // of its configuration
};
constexpr std::array<Sign, 3> kSigns = {{{Runtime::kPodman, "podman", nullptr},
                                         {Runtime::kCriO, "crio", "/etc/crio"},
                                         {Runtime::kContainerd, "containerd", "/etc/containerd/config.toml"}}};

std::optional<std::string> find_sign(const RootTree& tree, const Sign& sign) {
  if (auto program = find_program(tree, sign.program)) return program;
  if (sign.path != nullptr && tree.exists(sign.path)) return sign.path;
  return std::nullopt;
}

bool is_digit(char character) { return character >= '0' && character <= '9'; }

}  // namespace

std::optional<std::string> find_program(const RootTree& tree, std::string_view name) {
  for (const char* directory : kDirectories) {
    std::string path = std::string(directory) + "/" + std::string(name);
    if (tree.exists(path)) return path;
  }
  return std::nullopt;
}

std::vector<FoundRuntime> find_runtimes(const RootTree& tree) {
  std::vector<FoundRuntime> found;
  for (const Sign& sign : kSigns) {
    if (auto where = find_sign(tree, sign)) found.push_back({sign.runtime, std::move(*where)});
  }
  return found;
}

std::optional<std::string> parse_containerd_version(std::string_view text) {
  for (std::string_view word : split(text, ' ')) {
    if (word.starts_with('v')) word.remove_prefix(1);
    std::size_t end = 0;
    while (end < word.size() && (is_digit(word[end]) || word[end] == '.')) ++end;
    const std::string_view version = word.substr(0, end);
    if (major_of(version) && version.find('.') != std::string_view::npos) return std::string(version);
  }
  return std::nullopt;
}

std::optional<std::string> ask_containerd_version(const RootTree& tree) {
  const auto program = find_program(tree, "containerd");
  if (!program) return std::nullopt;
  const auto output = run_in_root(tree.root(), {*program, "--version"}, kLimit);
  if (!output || output->exit_status != 0) return std::nullopt;
  return parse_containerd_version(output->text);
}

std::optional<int> major_of(std::string_view version) {
  const auto major = parse_unsigned(split(version, '.').front());
  if (!major || *major > 1000) return std::nullopt;
  return static_cast<int>(*major);
}

}  // namespace netclsd::cli
