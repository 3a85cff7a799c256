#include "cli/hook_install/step.h"

#include "cli/hook_install/diff.h"

namespace netclsd::cli {
namespace {

struct Describe {
  std::string operator()(const MakeDirectory& step) const { return "make directory " + step.path; }
  std::string operator()(const WriteFile& step) const { return "write " + step.path; }
  std::string operator()(const SwitchLink& step) const { return "link " + step.path + " to " + step.target; }
  std::string operator()(const RemoveFile& step) const { return "remove " + step.path; }
  std::string operator()(const RemoveDirectory& step) const {
    return "remove directory " + step.path + " if it is empty";
  }
};

}  // namespace

std::string describe(const Step& step) { return std::visit(Describe{}, step); }

std::string diff_of(const Step& step) {
  if (const auto* write = std::get_if<WriteFile>(&step); write != nullptr && write->is_shown) {
    return unified_diff(write->path, write->before, write->snapshot.content);
  }
  if (const auto* remove = std::get_if<RemoveFile>(&step); remove != nullptr && remove->is_shown) {
    return unified_diff(remove->path, remove->before, "");
  }
  return {};
}

}  // namespace netclsd::cli
