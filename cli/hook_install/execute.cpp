#include "cli/hook_install/execute.h"

#include "common/base/fault_point.h"

namespace netclsd::cli {
namespace {

struct Execute {
  const RootTree& tree;

  Result<void> operator()(const MakeDirectory& step) const { return tree.make_directory(step.path); }
  Result<void> operator()(const WriteFile& step) const { return tree.replace_file(step.path, step.snapshot); }
  Result<void> operator()(const SwitchLink& step) const { return tree.switch_link(step.path, step.target); }
  Result<void> operator()(const RemoveFile& step) const { return tree.remove_file(step.path); }
  Result<void> operator()(const RemoveDirectory& step) const { return tree.remove_directory(step.path); }
};

}  // namespace

Result<void> execute(const RootTree& tree, const Steps& steps) {
  for (const Step& step : steps) {
    if (const auto fault = fault_at(FaultPoint::kInstallStep)) return system_failure(*fault, describe(step));
    if (auto done = std::visit(Execute{tree}, step); !done) return done;
  }
  return {};
}

}  // namespace netclsd::cli
