// A host as the hook sees it: /proc, a net_cls hierarchy and a bundle, all plain files.
#pragma once

#include <string>

#include "tests/unit/common/temporary_directory.h"

namespace netclsd::hook {

class FakeHookHost {
 public:
  static constexpr const char* kInit = "4711";
  static constexpr int kCaller = 800;  // the runtime: it has made init and called the hook

  FakeHookHost() {
    set_init_start_time("100");
    set_init_group("/");
    mount_with("net_cls");
    make_group("");
    make_group("netclsd/ab12");  // the kernel would make its files; a plain directory does not
    set_spec(R"("annotations":{"netclsd.io/classid":"10:1"})");
    set_process("self", 900, kCaller);
    set_mounts("self", "mnt:[1]");
    set_mounts(kInit, "mnt:[2]");
  }

  void mount_with(const std::string& controllers) const {
    tree_.write("proc/self/mountinfo",
                "50 31 0:40 / " + path("net_cls") + " rw - cgroup cgroup rw," + controllers + "\n");
  }
  void set_init_start_time(const std::string& ticks) const { set_process(kInit, 4711, kCaller, ticks); }
  void set_process(const std::string& directory, int pid, int parent, const std::string& ticks = "100") const {
    tree_.write("proc/" + directory + "/stat", std::to_string(pid) + " (runc:[2:INIT]) S " + std::to_string(parent) +
                                                   " 1 1 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 " + ticks + " 0 0\n");
  }
  void set_mounts(const std::string& directory, const std::string& name_space) const {
    const std::filesystem::path link = path("proc/" + directory + "/ns/mnt");
    std::filesystem::create_directories(link.parent_path());
    std::filesystem::remove(link);
    std::filesystem::create_symlink(name_space, link);
  }
  void set_boot_offset(const std::string& seconds_and_nanoseconds) const {
    tree_.write("proc/self/timens_offsets", "monotonic 0 0\nboottime " + seconds_and_nanoseconds + "\n");
  }
  void set_init_group(const std::string& path) const {
    tree_.write("proc/4711/cgroup", "4:net_cls:" + path + "\n0::/container\n");
  }
  void set_config(const std::string& text) const { tree_.write("bundle/config.json", text); }
  void set_spec(const std::string& members = "") const {
    set_config(R"({"ociVersion":"1.0.2")" + (members.empty() ? "" : "," + members) + "}");
  }
  void remove(const std::string& relative) const { std::filesystem::remove_all(path(relative)); }
  void make_group(const std::string& name, const std::string& processes = "") const {
    tree_.write("net_cls/" + name + "/cgroup.procs", processes);
    tree_.write("net_cls/" + name + "/net_cls.classid", "0\n");
  }

  [[nodiscard]] std::string classid_of(const std::string& group) const {
    return tree_.read("net_cls/" + group + "/net_cls.classid");
  }
  [[nodiscard]] std::string processes_of(const std::string& group) const {
    return tree_.read("net_cls/" + group + "/cgroup.procs");
  }
  [[nodiscard]] std::string path(const std::string& relative) const { return tree_.path(relative); }
  [[nodiscard]] std::string read(const std::string& relative) const { return tree_.read(relative); }
  [[nodiscard]] bool has(const std::string& relative) const { return tree_.has(relative); }
  [[nodiscard]] bool is_untouched() const {
    return !has("spool") && classid_of("netclsd/ab12") == "0\n" && processes_of("netclsd/ab12").empty();
  }

 private:
  TemporaryDirectory tree_;
};

}  // namespace netclsd::hook
