#include "cli/hook_install/step.h"

#include <algorithm>
#include <vector>

#include "common/base/fault_point.h"

namespace netclsd::cli {
namespace {

constexpr std::size_t kContext = 3;

using Lines = std::vector<std::string_view>;

Lines to_lines(std::string_view text) {
  Lines lines;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size() - 1) + 1;
    lines.push_back(text.substr(0, end));
    text.remove_prefix(end);
  }
  return lines;
}

struct Reach {  // [begin, end)
  std::size_t begin;
  std::size_t end;
};

void add(std::string& out, char mark, const Lines& lines, Reach reach) {
  for (std::size_t at = reach.begin; at < reach.end; ++at) {
    out.append(1, mark).append(lines[at]);
    if (!lines[at].ends_with('\n')) out += "\n\\ No newline at end of file\n";
  }
}

// An empty range names the line before it.
std::string range(Reach reach) {
  const std::size_t count = reach.end - reach.begin;
  return std::to_string(reach.begin + (count > 0 ? 1 : 0)) + "," + std::to_string(count);
}

struct Describe {
  std::string operator()(const MakeDirectory& step) const { return "make directory " + step.path; }
  std::string operator()(const OpenDirectory& step) const { return "open directory " + step.path + " to everybody"; }
  std::string operator()(const WriteFile& step) const { return "write " + step.path; }
  std::string operator()(const SwitchLink& step) const { return "link " + step.path + " to " + step.target; }
  std::string operator()(const RemoveFile& step) const { return "remove " + step.path; }
  std::string operator()(const RemoveDirectory& step) const {
    return "remove directory " + step.path + " if it is empty";
  }
};

struct Execute {
  const RootTree& tree;

  Result<void> operator()(const MakeDirectory& step) const { return tree.make_directory(step.path); }
  Result<void> operator()(const OpenDirectory& step) const { return tree.open_to_everybody(step.path); }
  Result<void> operator()(const WriteFile& step) const { return tree.replace_file(step.path, step.snapshot); }
  Result<void> operator()(const SwitchLink& step) const { return tree.switch_link(step.path, step.target); }
  Result<void> operator()(const RemoveFile& step) const { return tree.remove_file(step.path); }
  Result<void> operator()(const RemoveDirectory& step) const { return tree.remove_directory(step.path); }
};

}  // namespace

std::string unified_diff(std::string_view path, std::string_view before, std::string_view after) {
  if (before == after) return {};
  const Lines old_lines = to_lines(before);
  const Lines new_lines = to_lines(after);
  const auto shorter = std::min(old_lines.size(), new_lines.size());
  std::size_t head = 0;
  while (head < shorter && old_lines[head] == new_lines[head]) ++head;
  std::size_t tail = 0;
  while (tail < shorter - head && old_lines.end()[-1 - static_cast<std::ptrdiff_t>(tail)] ==
                                      new_lines.end()[-1 - static_cast<std::ptrdiff_t>(tail)]) {
    ++tail;
  }
  const std::size_t begin = head - std::min(head, kContext);
  const std::size_t after_lines = std::min(tail, kContext);
  const Reach old_hunk{begin, old_lines.size() - tail + after_lines};
  const Reach new_hunk{begin, new_lines.size() - tail + after_lines};
  const std::string name(path);
  std::string out = before.empty() ? "--- /dev/null\n" : "--- a" + name + "\n";
  out += after.empty() ? "+++ /dev/null\n" : "+++ b" + name + "\n";
  out += "@@ -" + range(old_hunk) + " +" + range(new_hunk) + " @@\n";
  add(out, ' ', old_lines, {begin, head});
  add(out, '-', old_lines, {head, old_lines.size() - tail});
  add(out, '+', new_lines, {head, new_lines.size() - tail});
  add(out, ' ', old_lines, {old_lines.size() - tail, old_hunk.end});
  return out;
}

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

Result<void> execute(const RootTree& tree, const Steps& steps) {
  for (const Step& step : steps) {
    if (const auto fault = fault_at(FaultPoint::kInstallStep)) return system_failure(*fault, describe(step));
    if (auto done = std::visit(Execute{tree}, step); !done) return done;
  }
  return {};
}

}  // namespace netclsd::cli
