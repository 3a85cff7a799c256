// The net_cls hierarchy of this machine: finding it, its root, and the groups in it. The one that is ours to mount
// while the agent runs is mounted by others (common/net_cls/own_mount.h).
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "agent/host/host.h"
#include "common/base/error.h"
#include "common/base/file.h"
#include "common/net_cls/mount.h"

namespace netclsd {

// For a directory that the configuration names: the mount of net_cls there, or else a new one (needs CAP_SYS_ADMIN).
[[nodiscard]] Result<NetClsMount> find_or_mount_net_cls(const std::string& directory);

// `wanted` is a directory, or "auto": the first writable mount that has net_cls. std::nullopt: it is not mounted.
[[nodiscard]] Result<std::optional<NetClsMount>> find_net_cls(const std::string& wanted);

// kUnavailable, with what is wrong and what to change, if this kernel says that it cannot mount net_cls.
[[nodiscard]] Result<void> expect_net_cls(const std::string& proc);

// The root directory of the hierarchy, opened for each use. Constant; any thread.
class NetClsRoot {
 public:
  // The mount of somebody else, which stays: its directory is kept open.
  explicit NetClsRoot(UniqueFd root) : kept_open_(std::move(root)) {}
  // Our own mount point. Others mount and unmount there while the agent runs (docs/adr/0028). Nothing of it is kept
  // open, since it could not be unmounted then.
  explicit NetClsRoot(std::string own_mount_point) : own_mount_point_(std::move(own_mount_point)) {}

  // Borrows a root that is kept open: must not outlive the NetClsRoot.
  class Opened {
   public:
    explicit Opened(const UniqueFd* kept) : kept_(kept) {}
    explicit Opened(UniqueFd opened) : opened_(std::move(opened)) {}
    const UniqueFd& operator*() const { return kept_ != nullptr ? *kept_ : opened_; }

   private:
    const UniqueFd* kept_ = nullptr;
    UniqueFd opened_;
  };
  // kNotMounted: nothing is mounted at our mount point, or it does not exist.
  [[nodiscard]] Result<Opened> open() const;
  [[nodiscard]] bool is_mounted() const { return open().has_value(); }
  [[nodiscard]] bool is_own() const { return !kept_open_; }
  // The error kNotMounted, for those who can mount it.
  [[nodiscard]] Error not_mounted(const std::string& because) const;

 private:
  std::optional<UniqueFd> kept_open_;
  std::string own_mount_point_;
};

// The groups, looked up by name at each call (docs/adr/0027). No directory is kept open. The runtime removes an adopted
// group and makes it again under the same name, and an open directory does not show that: cgroupfs never lowers the
// link count of a removed one. Where the hierarchy is not mounted there are no groups. Loop thread only.
class NetClsGroups : public NetCls {
 public:
  explicit NetClsGroups(UniqueFd root) : root_(std::move(root)) {}  // the mount of somebody else
  explicit NetClsGroups(NetClsRoot root) : root_(std::move(root)) {}

  [[nodiscard]] const NetClsRoot& root() const { return root_; }

  Result<void> expect_ready(const std::string& parent) override;
  Result<void> make(const std::string& directory) override;
  Result<AttachOutcome> attach(const std::string& directory, Pid pid) override;
  Result<std::uint32_t> classid(const std::string& directory) override;
  Result<void> set_classid(const std::string& directory, std::uint32_t raw) override;
  Result<std::vector<Pid>> processes(const std::string& directory) override;
  Result<RemoveOutcome> remove(const std::string& directory) override;
  Result<std::vector<std::string>> children(const std::string& directory) override;
  Result<std::vector<std::string>> below(const std::string& directory) override;

 private:
  [[nodiscard]] Result<UniqueFd> open(const std::string& directory) const;

  NetClsRoot root_;
};

}  // namespace netclsd
