// Values by pid, side by side in one block of memory: a lookup touches two cache lines, an insertion allocates nothing
// unless the whole table grows (docs/adr/0012-flat-tables-of-processes.md). What find() gives holds until the next
// insertion, since that may move all values.
#pragma once

#include <algorithm>
#include <boost/unordered/unordered_flat_map.hpp>
#include <cstddef>
#include <functional>

#include "common/model/process.h"

namespace netclsd {

template <typename Value>
using PidMap = boost::unordered_flat_map<Pid, Value, std::hash<Pid>>;

inline constexpr std::size_t kRoomKept = 1024;      // giving back less than this is not worth the copying
inline constexpr std::size_t kRoomPerValueMax = 8;  // and a table that was filled once is walked through, too

// The table never becomes smaller by itself: after a storm it would keep its largest size for ever.
template <typename Value>
void give_back_room(PidMap<Value>& map) {
  const std::size_t needed = kRoomPerValueMax * map.size();
  if (map.bucket_count() > std::max(needed, kRoomKept)) map.rehash(2 * map.size());
}

}  // namespace netclsd
