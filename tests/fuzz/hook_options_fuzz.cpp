// The hook's command line: one argument a line.
#include "hook/options.h"

#include "common/base/error.h"
#include "common/base/text.h"
#include "hook/verdict.h"
#include "tests/fuzz/fuzz.h"

namespace netclsd {
namespace {

void check_options(const hook::HookOptions& options) {
  CHECK(options.timeout >= std::chrono::milliseconds{10} && options.timeout <= std::chrono::minutes{1});
  CHECK(!options.socket.empty() && !options.spool.empty());
  for (const std::string& space : options.deny_exempt_namespaces) CHECK(!space.empty());
}

}  // namespace

void fuzz_one(std::string_view input) {
  const auto arguments = split(input, '\n');
  const auto parsed = hook::parse_hook_options(arguments);
  if (!parsed) return check_error(parsed.error());
  const auto* options = std::get_if<hook::HookOptions>(&*parsed);
  if (options == nullptr) return;
  check_options(*options);
  const auto outcome = hook::failed(*options, {.container = "c", .pod_namespace = "ns"}, input);
  CHECK(!has_control_characters(outcome.line));
  CHECK(outcome.exit_status == 0 || options->on_failure == hook::OnFailure::kDeny);
}

}  // namespace netclsd
