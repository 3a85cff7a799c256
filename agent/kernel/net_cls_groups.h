// The net_cls groups below one mount. Keeps each group's directory open, so that a group removed and made anew under
// the same name is not hit by mistake. Loop thread only.
#pragma once

#include <unordered_map>

#include "agent/engine/host.h"
#include "common/base/unique_fd.h"

namespace netclsd {

class NetClsGroups : public NetCls {
 public:
  explicit NetClsGroups(UniqueFd root) : root_(std::move(root)) {}

  Result<void> make(const std::string& directory) override;
  Result<AttachOutcome> attach(const std::string& directory, Pid pid) override;
  Result<std::uint32_t> classid(const std::string& directory) override;
  Result<void> set_classid(const std::string& directory, std::uint32_t raw) override;
  Result<std::vector<Pid>> processes(const std::string& directory) override;
  Result<RemoveOutcome> remove(const std::string& directory) override;
  Result<std::vector<std::string>> children(const std::string& directory) override;

 private:
  [[nodiscard]] Result<const UniqueFd*> group(const std::string& directory);

  UniqueFd root_;
  std::unordered_map<std::string, UniqueFd> open_groups_;
};

}  // namespace netclsd
