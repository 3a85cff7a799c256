#include "cli/hook_install/containerd_owner.h"

#include <array>

namespace netclsd::cli {
namespace {

struct Generator {
  std::string_view directory;
  std::string_view name;
  std::string_view of_one;  // its template for containerd <= 1.7
  std::string_view of_two;
};
constexpr std::array<Generator, 5> kGenerators = {{
    {"/var/lib/rancher/k3s/", "k3s", "config.toml.tmpl beside it", "config-v3.toml.tmpl beside it"},
    {"/var/lib/rancher/rke2/", "RKE2", "config.toml.tmpl beside it", "config-v3.toml.tmpl beside it"},
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

}  // namespace netclsd::cli
