// What the carrier and the program tell each other: settings and members go in, counts come out.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <vector>

#include "agent/config/config.h"
#include "carry/differences.h"
#include "carry/loaded_program.h"
#include "carry/plan.h"
#include "common/base/error.h"
#include "common/model/traffic.h"

namespace netclsd::carry {

using Past = std::map<std::uint32_t, Traffic>;  // by classid

struct Totals {
  std::uint64_t differing = 0;  // packets for which socket and cgroup named different classes
  std::uint64_t uncounted = 0;  // packets for which there was no room
  friend bool operator==(const Totals&, const Totals&) = default;
};

class KernelMaps {
 public:
  // Before the program is confined: the number of CPUs is read from a file.
  explicit KernelMaps(const LoadedProgram& program);

  // No packet gets a value that neither the old nor the new settings have.
  [[nodiscard]] Result<void> set(const CarryConfig& carry);

  [[nodiscard]] Result<Members> members() const;
  [[nodiscard]] Result<void> set_members(const Members& members, const Members& now);

  [[nodiscard]] Result<std::vector<CountKey>> count_keys() const;
  [[nodiscard]] Result<Counts> counts() const;
  // Adds these counts to those of the past, and forgets them. If it is killed in between, some packets are counted
  // twice; a sum never goes back.
  [[nodiscard]] Result<void> finish(const std::vector<CountKey>& keys);
  [[nodiscard]] Result<Past> past() const;
  [[nodiscard]] Result<Totals> totals() const;

 private:
  [[nodiscard]] Result<Traffic> count_of(const CountKey& key) const;
  [[nodiscard]] Result<void> add_to_past(std::uint32_t classid, const Traffic& count);

  const LoadedProgram& program_;
  const std::size_t cpus_;
};

}  // namespace netclsd::carry
