#include "cli/hook_install/bundles.h"

#include <array>

namespace netclsd::cli {
namespace {

// A directory of containers, or of namespaces of containers; and the files in a container's directory.
struct Place {
  const char* directory;
  bool has_namespaces;
  const char* config;
  const char* pid_file;
};
constexpr std::array<Place, 5> kPlaces = {{
    {"/run/containerd/io.containerd.runtime.v2.task", true, "/config.json", "/init.pid"},
    {"/run/containerd/io.containerd.runtime.v1.linux", true, "/config.json", "/init.pid"},
    {"/run/k3s/containerd/io.containerd.runtime.v2.task", true, "/config.json", "/init.pid"},
    {"/run/containers/storage/overlay-containers", false, "/userdata/config.json", "/userdata/pidfile"},
    {"/var/lib/containers/storage/overlay-containers", false, "/userdata/config.json", "/userdata/pidfile"},
}};

std::vector<std::string> directories_of(const RootTree& tree, const Place& place) {
  if (!place.has_namespaces) return {place.directory};
  std::vector<std::string> directories;
  for (const std::string& name : tree.list(place.directory)) {
    directories.push_back(std::string(place.directory) + "/" + name);
  }
  return directories;
}

}  // namespace

Bundles find_bundles(const RootTree& tree) {
  Bundles bundles;
  for (const Place& place : kPlaces) {
    for (const std::string& directory : directories_of(tree, place)) {
      for (const std::string& container : tree.list(directory)) {
        if (bundles.found.size() >= kBundlesMax) {
          bundles.has_more = true;
          return bundles;
        }
        const std::string path = directory + "/" + container;
        bundles.found.push_back({container, path + place.config, path + place.pid_file});
      }
    }
  }
  return bundles;
}

}  // namespace netclsd::cli
