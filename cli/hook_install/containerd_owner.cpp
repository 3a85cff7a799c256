#include "cli/hook_install/containerd_owner.h"

#include <array>

#include "cli/hook_install/root_tree.h"
#include "common/base/text.h"

namespace netclsd::cli {
namespace {

struct Generator {
  std::string_view directory;
  std::string_view name;
  std::string_view of_one;  // its template for containerd <= 1.7
  std::string_view of_two;
  std::string_view drop_ins = {};  // the directory beside it that a configuration of version 3 imports
};
constexpr std::string_view kDropIns = "config-v3.toml.d";
constexpr int kFirstWithDropIns = 3;  // version of the format. Before, a drop-in replaces the whole of the CRI plugin.
constexpr std::array<Generator, 5> kGenerators = {{
    {"/var/lib/rancher/k3s/", "k3s", "config.toml.tmpl beside it", "config-v3.toml.tmpl beside it", kDropIns},
    {"/var/lib/rancher/rke2/", "RKE2", "config.toml.tmpl beside it", "config-v3.toml.tmpl beside it", kDropIns},
    {"/var/snap/microk8s/", "MicroK8s", "containerd-template.toml beside it", "containerd-template.toml beside it"},
    {"/run/", "whoever starts containerd (/run is empty at each boot)", "", ""},
    {"/var/run/", "whoever starts containerd (/run is empty at each boot)", "", ""},
}};

}  // namespace

std::string generator_of(std::string_view config_path, Generation generation) {
  for (const Generator& each : kGenerators) {
    if (!config_path.starts_with(each.directory)) continue;
    const std::string_view source = generation == Generation::kTwo ? each.of_two : each.of_one;
    return std::string(each.name) + (source.empty() ? "" : ", from " + std::string(source));
  }
  return {};
}

std::string drop_in_beside(const std::string& config_path, const ContainerdConfig& config) {
  if (config.version < kFirstWithDropIns) return {};
  for (const Generator& each : kGenerators) {
    if (!config_path.starts_with(each.directory) || each.drop_ins.empty()) continue;
    const std::string directory = parent_of(config_path) + "/" + std::string(each.drop_ins);
    if (contains(config.imports, directory + "/*.toml")) return directory + "/netclsd.toml";
  }
  return {};
}

}  // namespace netclsd::cli
