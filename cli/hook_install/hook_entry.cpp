#include "cli/hook_install/hook_entry.h"

#include <chrono>

#include "common/base/units.h"

namespace netclsd::cli {
namespace {

constexpr const char* kName = "netclsd-hook";  // argv[0]
constexpr const char* kTimeoutOption = "--timeout";

std::string timeout_text(const std::vector<std::string>& arguments) {
  const std::string joined = std::string(kTimeoutOption) + "=";
  std::string text = "500ms";
  for (std::size_t at = 0; at < arguments.size(); ++at) {
    if (arguments[at].starts_with(joined)) text = arguments[at].substr(joined.size());
    if (arguments[at] == kTimeoutOption && at + 1 < arguments.size()) text = arguments[at + 1];
  }
  return text;
}

std::vector<std::string> arguments_of(const HookEntry& entry, const char* stage) {
  std::vector<std::string> arguments{kName};
  arguments.insert(arguments.end(), entry.arguments.begin(), entry.arguments.end());
  if (stage != nullptr) arguments.emplace_back(stage);
  return arguments;
}

OrderedJson to_json_value(const HookEntry& entry, const char* stage) {
  return {{"path", entry.path}, {"args", arguments_of(entry, stage)}, {"timeout", runtime_timeout_s(entry.arguments)}};
}

std::string to_text(const OrderedJson& json) {
  return json.dump(2, ' ', false, OrderedJson::error_handler_t::replace) + "\n";
}

void put_hook(OrderedJson& hooks, const HookEntry& entry, const char* stage) {
  OrderedJson others = OrderedJson::array();
  if (hooks[stage].is_array()) {
    for (const OrderedJson& hook : hooks[stage]) {
      if (!hook.is_object() || hook.value("path", OrderedJson()) != entry.path) others.push_back(hook);
    }
  }
  others.push_back(to_json_value(entry, stage));
  hooks[stage] = others;
}

}  // namespace

int runtime_timeout_s(const std::vector<std::string>& arguments) {
  const auto timeout = parse_duration(timeout_text(arguments)).value_or(std::chrono::milliseconds{500});
  return static_cast<int>(std::chrono::ceil<std::chrono::seconds>(timeout).count()) + 1;
}

std::string hooks_d_text(const HookEntry& entry) {
  // Both ends of the key are tied: the patterns are searched for anywhere otherwise.
  OrderedJson narrow = {{"annotations", {{"^netclsd\\.io/(class|classid)(\\..+)?$", ".*"}}}};
  return to_text({{"version", "1.0.0"},
                  {"hook", to_json_value(entry, nullptr)},
                  {"when", entry.all_containers ? OrderedJson{{"always", true}} : narrow},
                  {"stages", {"prestart", "poststop"}}});
}

std::string add_hook(OrderedJson spec, const HookEntry& entry) {
  OrderedJson& hooks = spec["hooks"];
  if (!hooks.is_object()) hooks = OrderedJson::object();
  put_hook(hooks, entry, "prestart");
  return to_text(spec);
}

}  // namespace netclsd::cli
