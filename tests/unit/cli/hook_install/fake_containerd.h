// A host's tree with a /proc of its own, and containerd daemons in it.
#pragma once

#include <filesystem>
#include <string>

#include "cli/hook_install/root_tree.h"
#include "tests/unit/common/temporary_directory.h"

namespace netclsd::cli {

class FakeContainerdHost {
 public:
  FakeContainerdHost() { boot("b1", "100.00"); }

  void boot(const std::string& id, const std::string& uptime) const {
    write("proc/sys/kernel/random/boot_id", id + "\n");
    write("proc/uptime", uptime + " 1.00\n");
  }

  // `start` in ticks after boot. `command_line` with a blank for each zero byte.
  void process(const std::string& pid, const std::string& name, const std::string& start,
               std::string command_line) const {
    write("proc/" + pid + "/stat",
          pid + " (" + name + ") S 1 1 1 0 -1 0 0 0 0 0 0 0 0 0 20 0 9 0 " + start + " 0 0 0\n");
    for (char& each : command_line) each = each == ' ' ? '\0' : each;
    write("proc/" + pid + "/cmdline", command_line + '\0');
    std::filesystem::create_directories(root_.path("etc/containerd"));
    std::filesystem::create_directory_symlink(root_.path(), root_.path("proc/" + pid + "/root"));
  }

  void write(const std::string& path, const std::string& text) const { root_.write(path, text); }
  [[nodiscard]] std::string path(const std::string& relative) const { return root_.path(relative); }
  [[nodiscard]] const RootTree& tree() const { return tree_; }

 private:
  TemporaryDirectory root_;
  RootTree tree_ = *RootTree::open(root_.path());
};

}  // namespace netclsd::cli
