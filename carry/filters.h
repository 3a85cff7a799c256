// The carrier at a kernel without tcx (before Linux 6.6): a filter of the clsact qdisc. It is told from others by its
// place (preference 1, our handle) and its name; nobody else's filter or qdisc is touched.
#pragma once

#include <cstdint>
#include <optional>

#include "carry/links.h"
#include "carry/plan.h"
#include "common/base/error.h"

namespace netclsd::carry {

using ProgramId = std::uint32_t;

struct IngressFilters {
  std::optional<ProgramId> ours;  // which program ours runs
  std::uint32_t before = 0;       // how many of others come first
  std::uint32_t after = 0;        // how many come after it
  bool is_empty = true;           // neither direction has any, ours not counted
};

// Of an interface with or without clsact.
[[nodiscard]] Result<IngressFilters> ingress_filters(RouteSocket& route, InterfaceIndex index);

// False: there was one already.
[[nodiscard]] Result<bool> add_clsact(RouteSocket& route, InterfaceIndex index);
[[nodiscard]] Result<void> remove_clsact(RouteSocket& route, InterfaceIndex index);

// In the place of an older one of ours, without a gap.
[[nodiscard]] Result<void> put_filter(RouteSocket& route, InterfaceIndex index, int program);
[[nodiscard]] Result<void> remove_filter(RouteSocket& route, InterfaceIndex index);

}  // namespace netclsd::carry
