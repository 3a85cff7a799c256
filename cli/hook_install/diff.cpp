#include "cli/hook_install/diff.h"

#include <algorithm>
#include <vector>

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

}  // namespace netclsd::cli
