#include "cli/hook_install/program.h"

#include <unistd.h>

#include <algorithm>
#include <array>

#include "cli/hook_install/command.h"
#include "cli/hook_install/digest.h"
#include "common/base/file.h"
#include "common/base/text.h"

namespace netclsd::cli {
namespace {

constexpr std::chrono::seconds kLimit{10};
constexpr std::size_t kProgramMax_bytes = 64U << 20;
constexpr std::size_t kHashInName = 8;
// They would make the hook do something else than what its runtime asks for, and succeed.
constexpr std::array<std::string_view, 6> kNotForRuntimes = {"--help",        "-h",      "--version", "prestart",
                                                             "createRuntime", "poststop"};

Result<std::string> beside_this_program(const char* name) {
  std::array<char, 4096> path{};
  const ssize_t length = ::readlink("/proc/self/exe", path.data(), path.size() - 1);
  if (length < 0) return system_failure(errno, "read link", "/proc/self/exe");
  const std::string self(path.data(), static_cast<std::size_t>(length));
  return self.substr(0, self.rfind('/') + 1) + name;
}

Result<void> check_arguments(const std::vector<std::string>& arguments) {
  for (const std::string& argument : arguments) {
    if (std::find(kNotForRuntimes.begin(), kNotForRuntimes.end(), argument) != kNotForRuntimes.end()) {
      return invalid("--hook-arg " + argument + " is not for a hook's entry");
    }
  }
  return {};
}

Result<std::string> ask_version(const std::string& binary, const std::vector<std::string>& arguments) {
  std::vector<std::string> command{binary};
  command.insert(command.end(), arguments.begin(), arguments.end());
  command.emplace_back("--version");
  const auto output = run_in_root("/", command, kLimit);
  if (!output) return pass_on(output.error());
  if (output->exit_status != 0 && !arguments.empty()) {
    return invalid(binary + " does not accept the --hook-arg given; see netclsd-hook --help");
  }
  return parse_hook_version(output->text);
}

}  // namespace

Result<std::string> parse_hook_version(std::string_view text) {
  const auto words = split(text, ' ');
  const auto is_fine = [](char character) {
    return std::isalnum(static_cast<unsigned char>(character)) != 0 ||
           std::string_view(".-+~_").find(character) != std::string_view::npos;
  };
  if (words.size() < 3 || words[0] != kLinkName || words[1].empty() ||
      !std::all_of(words[1].begin(), words[1].end(), is_fine)) {
    return invalid("the program given with --binary does not say that it is netclsd-hook");
  }
  return std::string(words[1]);
}

Result<Programs> read_programs(const std::string& binary, const std::vector<std::string>& arguments) {
  if (auto fine = check_arguments(arguments); !fine) return pass_on(fine.error());
  const auto path = binary.empty() ? beside_this_program(kLinkName) : Result<std::string>(binary);
  if (!path) return pass_on(path.error());
  const std::string stub_path = path->substr(0, path->rfind('/') + 1) + kStubName;
  auto hook = read_file(*path, kProgramMax_bytes);
  if (!hook) return pass_on(hook.error(), "the hook's program (--binary)");
  auto stub = read_file(stub_path, kProgramMax_bytes);
  if (!stub) return pass_on(stub.error(), "the stub beside it");
  auto version = ask_version(path->find('/') == std::string::npos ? "./" + *path : *path, arguments);
  if (!version) return pass_on(version.error());
  const std::string hash = sha256_hex(*hook);
  const std::string name = std::string(kLinkName) + "-" + *version + "-" + hash.substr(0, kHashInName);
  const std::string stub_hash = sha256_hex(*stub);
  return Programs{.version = std::move(*version),
                  .hook = {.name = name, .content = std::move(*hook), .sha256 = hash},
                  .stub = {.name = kStubName, .content = std::move(*stub), .sha256 = stub_hash}};
}

}  // namespace netclsd::cli
