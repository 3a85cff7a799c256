// The carriers: where the program is attached, and by what. Nothing is kept in memory: what is there is what the pins
// in the BPF file system and the kernel say, so that a carrier that was killed goes on where it was.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "carry/loaded_program.h"
#include "carry/plan.h"
#include "common/base/error.h"

namespace netclsd::carry {

enum class How { kTcx, kNetkit, kClsact };
[[nodiscard]] const char* to_string(How how);

struct Attachment {
  How how = How::kTcx;
  ProgramId program = 0;                    // another one: an older carrier's
  std::optional<std::uint32_t> before;      // programs of others that run first; absent: the kernel does not tell
  std::optional<std::uint32_t> after = {};  // likewise, after it
  friend bool operator==(const Attachment&, const Attachment&) = default;
};
using Attached = std::map<InterfaceIndex, Attachment>;

// Linux 6.6
[[nodiscard]] bool kernel_has_tcx();

class Attachments {
 public:
  // All must outlive it. `has_tcx`: otherwise filters of the clsact qdisc are used.
  Attachments(const LoadedProgram& program, const PinDirectories& pins, RouteSocket& route, bool has_tcx)
      : program_(program), pins_(pins), route_(route), has_tcx_(has_tcx) {}

  // What is attached now. Pins of what is not there any more are removed.
  [[nodiscard]] Result<Attached> list();

  [[nodiscard]] Result<void> attach(const HostEnd& end);
  // Puts this version's program in the place of an older one, without a gap.
  [[nodiscard]] Result<void> renew(InterfaceIndex index, How how);
  // Also of an interface that is gone.
  [[nodiscard]] Result<void> detach(InterfaceIndex index);

 private:
  [[nodiscard]] Result<void> list_links(Attached& attached);
  [[nodiscard]] Result<void> list_filters(Attached& attached);
  [[nodiscard]] Result<void> attach_link(const HostEnd& end, unsigned attach_type);
  [[nodiscard]] Result<void> attach_filter(InterfaceIndex index);
  [[nodiscard]] Result<void> detach_link(InterfaceIndex index);
  [[nodiscard]] Result<void> detach_filter(InterfaceIndex index);

  const LoadedProgram& program_;
  const PinDirectories& pins_;
  RouteSocket& route_;
  const bool has_tcx_;
};

}  // namespace netclsd::carry
