// The BPF program and its maps, in the kernel. Everything is loaded at the start, before the carrier is confined, and
// pinned when there is something to carry: pinned maps outlive the carrier, and so do what they have counted.
#pragma once

#include <bpf/libbpf.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "carry/filters.h"
#include "carry/pins.h"
#include "common/base/error.h"

namespace netclsd::carry {

enum class Map { kSettings, kContainers, kValues, kCounts, kTotals, kPast };

class LoadedProgram {
 public:
  using Log = std::function<void(std::string_view event, const std::string& detail)>;

  // Takes the pinned maps, if there are any. One that has another shape, as another version's has, is given up: `log`
  // gets its name.
  [[nodiscard]] static Result<LoadedProgram> load(const PinDirectories& pins, const Log& log);

  [[nodiscard]] int descriptor() const;
  [[nodiscard]] int map(Map map) const;
  [[nodiscard]] ProgramId id() const { return id_; }

  // Makes the directories below the top one, and pins the maps that are not pinned yet.
  [[nodiscard]] Result<void> pin(const PinDirectories& pins) const;

 private:
  struct Close {
    void operator()(bpf_object* object) const { bpf_object__close(object); }
  };
  explicit LoadedProgram(bpf_object* object) : object_(object) {}
  [[nodiscard]] bpf_map* find(Map map) const;

  std::unique_ptr<bpf_object, Close> object_;
  ProgramId id_ = 0;
};

// Removes the pins of the maps, and the directories below the top one. The maps live on in this process, and may be
// pinned again.
[[nodiscard]] Result<void> unpin(const PinDirectories& pins);

}  // namespace netclsd::carry
