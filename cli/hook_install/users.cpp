#include "cli/hook_install/users.h"

#include <unistd.h>

#include <algorithm>
#include <array>

#include "cli/hook_install/containerd_files.h"
#include "common/base/text.h"
#include "common/json/fields.h"
#include "common/model/process_stat.h"

namespace netclsd::cli {
namespace {

constexpr std::size_t kBundlesMax = 20'000;  // more than any node runs
constexpr std::size_t kSpecMax_bytes = 16U << 20;
constexpr std::size_t kProcFileMax_bytes = 1U << 20;

// Where bundles are: a directory of namespaces of containers, or of containers; and the config.json in a container's.
struct Place {
  const char* directory;
  bool has_namespaces;
  const char* file;
};
constexpr std::array<Place, 5> kPlaces = {{
    {"/run/containerd/io.containerd.runtime.v2.task", true, "/config.json"},
    {"/run/containerd/io.containerd.runtime.v1.linux", true, "/config.json"},
    {"/run/k3s/containerd/io.containerd.runtime.v2.task", true, "/config.json"},
    {"/run/containers/storage/overlay-containers", false, "/userdata/config.json"},
    {"/var/lib/containers/storage/overlay-containers", false, "/userdata/config.json"},
}};

bool has_at_stage(const Json& spec, const char* stage, const std::string& hook) {
  const auto hooks = spec.find("hooks");
  if (hooks == spec.end() || !hooks->is_object() || !hooks->contains(stage)) return false;
  const Json& entries = hooks->at(stage);
  return std::any_of(entries.begin(), entries.end(),
                     [&](const Json& entry) { return entry.is_object() && entry.value("path", Json()) == hook; });
}

class BundleSearch {
 public:
  BundleSearch(const RootTree& tree, const std::string& hook) : tree_(tree), hook_(hook) {}

  std::optional<std::string> in(const std::string& directory, const char* file) {
    for (const std::string& container : tree_.list(directory)) {
      if (left_ == 0) return "(not looked at: there are more than " + std::to_string(kBundlesMax) + " bundles)";
      --left_;
      const std::string path = directory + "/" + container + file;
      if (may_call(path)) return path;
    }
    return std::nullopt;
  }

 private:
  bool may_call(const std::string& path) const {
    const auto spec = tree_.read(path, kSpecMax_bytes);
    if (!spec) return true;
    if (!*spec || (*spec)->content.find(hook_) == std::string::npos) return false;
    const auto json = parse_json_object((*spec)->content, path);
    // containerd's shim writes init.pid when runc has created the container, and thus called prestart.
    return !json || has_at_stage(*json, "poststop", hook_) || !tree_.exists(parent_of(path) + "/init.pid");
  }

  const RootTree& tree_;
  const std::string& hook_;
  std::size_t left_ = kBundlesMax;
};

std::string read_or_empty(const RootTree& tree, const std::string& path) {
  const auto file = tree.read(path, kProcFileMax_bytes);
  return file && *file ? (*file)->content : "";
}

// Its arguments end with a zero byte each. Without --config it reads the usual file.
bool reads_our_config(std::string_view command_line) {
  const auto words = split(command_line, '\0');
  for (std::size_t at = 0; at + 1 < words.size(); ++at) {
    if (words[at] == "--config" || words[at] == "-c") return words[at + 1] == kContainerdConfig;
    if (words[at].starts_with("--config=")) return words[at].substr(9) == kContainerdConfig;
  }
  return true;
}

// "1234.56 …" → 123456
std::optional<std::uint64_t> parse_uptime(std::string_view text) {
  const auto parts = split(split(text, ' ').front(), '.');
  if (parts.size() != 2 || parts[1].size() != 2) return std::nullopt;
  const auto seconds = parse_unsigned(parts[0]);
  const auto hundredths = parse_unsigned(parts[1]);
  if (!seconds || !hundredths) return std::nullopt;
  return *seconds * 100 + *hundredths;
}

}  // namespace

std::optional<std::string> find_bundle_calling(const RootTree& tree, const std::string& hook) {
  BundleSearch search(tree, hook);
  for (const Place& place : kPlaces) {
    std::vector<std::string> directories{place.directory};
    if (place.has_namespaces) {
      directories.clear();
      for (const std::string& name : tree.list(place.directory)) {
        directories.push_back(std::string(place.directory) + "/" + name);
      }
    }
    for (const std::string& directory : directories) {
      if (auto found = search.in(directory, place.file)) return found;
    }
  }
  return std::nullopt;
}

std::optional<ChangeTime> current_time(const RootTree& tree) {
  const std::string boot_id = read_or_empty(tree, "/proc/sys/kernel/random/boot_id");
  const auto hundredths = parse_uptime(read_or_empty(tree, "/proc/uptime"));
  if (boot_id.empty() || !hundredths) return std::nullopt;
  const auto ticks_per_second = static_cast<std::uint64_t>(::sysconf(_SC_CLK_TCK));
  return ChangeTime{.boot_id = boot_id.substr(0, boot_id.find('\n')), .at_ticks = *hundredths * ticks_per_second / 100};
}

bool has_older_containerd(const RootTree& tree, const ChangeTime& changed) {
  const auto now = current_time(tree);
  if (!now || now->boot_id != changed.boot_id) return false;
  for (const std::string& name : tree.list("/proc")) {
    if (!parse_unsigned(name)) continue;
    const auto stat = parse_process_stat(read_or_empty(tree, "/proc/" + name + "/stat"));
    if (!stat || stat->comm != "containerd" || is_dead(*stat)) continue;
    if (stat->start_time.ticks > changed.at_ticks) continue;
    if (!reads_our_config(read_or_empty(tree, "/proc/" + name + "/cmdline"))) continue;
    // Its /etc may be another one: a containerd in a container.
    const std::string its_root = tree.root() + "/proc/" + name + "/root";
    if (tree.may_be_same(kContainerdDirectory, its_root + kContainerdDirectory)) return true;
  }
  return false;
}

}  // namespace netclsd::cli
