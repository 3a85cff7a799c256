#include "agent/engine/move_out.h"

namespace netclsd {
namespace {

constexpr int kMoveOutRoundsMax = 16;  // processes that fork while being moved out: give up after this many looks

}  // namespace

Result<void> move_all_out(NetCls& net_cls, const std::string& directory, const std::string& refuge) {
  for (int round = 0; round < kMoveOutRoundsMax; ++round) {
    const auto inside = net_cls.processes(directory);
    if (!inside) return pass_on(inside.error());
    if (inside->empty()) return {};
    for (const Pid pid : *inside) {
      if (auto moved = net_cls.attach(refuge, pid); !moved) return pass_on(moved.error());
    }
  }
  return failure(ErrorCode::kUnavailable, "the container forks faster than its processes can be moved out");
}

}  // namespace netclsd
