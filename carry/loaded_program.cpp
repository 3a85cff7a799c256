#include "carry/loaded_program.h"

#include <bpf/bpf.h>
#include <netclsd_carry_program.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdarg>
#include <cstdio>
#include <utility>

#include "common/base/file.h"

namespace netclsd::carry {
namespace {

constexpr const char* kProgramName = "netclsd_carry";
constexpr std::array<const char*, 6> kMapNames = {"settings", "containers", "values", "counts", "totals", "past"};

// What libbpf said last: its return values are errno values alone, and the verifier's reasons are only printed.
std::string& last_words() {
  static std::string words;
  return words;
}

int keep_words(libbpf_print_level level, const char* format, va_list arguments) {
  if (level != LIBBPF_WARN) return 0;
  std::array<char, 512> line{};
  const int size = std::vsnprintf(line.data(), line.size(), format, arguments);
  last_words() = std::string(line.data());
  while (last_words().ends_with('\n')) last_words().pop_back();
  return size;
}

Failure load_failure(int error) {
  const std::string hint = error == EPERM ? "; it needs CAP_BPF and CAP_NET_ADMIN, and Linux 5.10" : "";
  return system_failure(error, "load the BPF program" + hint, last_words());
}

bool has_shape(const bpf_map* wanted, int pinned) {
  bpf_map_info info{};
  std::uint32_t size = sizeof info;
  if (bpf_obj_get_info_by_fd(pinned, &info, &size) != 0) return false;
  return info.type == static_cast<std::uint32_t>(bpf_map__type(wanted)) && info.key_size == bpf_map__key_size(wanted) &&
         info.value_size == bpf_map__value_size(wanted) && info.max_entries == bpf_map__max_entries(wanted) &&
         info.map_flags == bpf_map__map_flags(wanted);
}

Result<void> reuse_map(bpf_map* map, const PinDirectories& pins, const LoadedProgram::Log& log) {
  const std::string path = pins.maps() + "/" + bpf_map__name(map);
  const UniqueFd pinned(bpf_obj_get(path.c_str()));
  if (!pinned.is_open() && errno == ENOENT) return {};
  if (!pinned.is_open()) return system_failure(errno, "open the pinned map", path);
  if (has_shape(map, pinned.get())) {
    if (const int reused = bpf_map__reuse_fd(map, pinned.get()); reused != 0) {
      return system_failure(-reused, "use the pinned map", path);
    }
    return {};
  }
  if (::unlink(path.c_str()) != 0) return system_failure(errno, "remove the pinned map", path);
  log("map_replaced", bpf_map__name(map));
  return {};
}

}  // namespace

Result<LoadedProgram> LoadedProgram::load(const PinDirectories& pins, const Log& log) {
  libbpf_set_print(keep_words);
  bpf_object* object = bpf_object__open_mem(kProgramObject, sizeof kProgramObject, nullptr);
  if (object == nullptr) return load_failure(errno);
  LoadedProgram loaded(object);
  for (bpf_map* map = bpf_object__next_map(object, nullptr); map != nullptr; map = bpf_object__next_map(object, map)) {
    if (auto reused = reuse_map(map, pins, log); !reused) return pass_on(reused.error());
  }
  if (const int error = bpf_object__load(object); error != 0) return load_failure(-error);
  bpf_prog_info info{};
  std::uint32_t size = sizeof info;
  if (bpf_obj_get_info_by_fd(loaded.descriptor(), &info, &size) != 0) {
    return system_failure(errno, "look at the loaded program");
  }
  loaded.id_ = info.id;
  return loaded;
}

int LoadedProgram::descriptor() const {
  return bpf_program__fd(bpf_object__find_program_by_name(object_.get(), kProgramName));
}

bpf_map* LoadedProgram::find(Map map) const {
  return bpf_object__find_map_by_name(object_.get(), kMapNames.at(static_cast<std::size_t>(map)));
}

int LoadedProgram::map(Map map) const { return bpf_map__fd(find(map)); }

Result<void> LoadedProgram::pin(const PinDirectories& pins) const {
  for (const auto& directory : {pins.maps(), pins.links(), pins.filters(), pins.qdiscs()}) {
    if (auto made = make_directory(directory); !made) return made;
  }
  for (const char* name : kMapNames) {
    const std::string path = pins.maps() + "/" + name;
    const int descriptor = bpf_map__fd(bpf_object__find_map_by_name(object_.get(), name));
    if (bpf_obj_pin(descriptor, path.c_str()) != 0 && errno != EEXIST) return system_failure(errno, "pin", path);
  }
  return {};
}

Result<void> unpin(const PinDirectories& pins) {
  const auto maps = open_directory(pins.maps());
  if (!maps && maps.error().sys_errno() != ENOENT) return pass_on(maps.error());
  for (const char* name : kMapNames) {
    if (!maps) break;
    if (const auto removed = remove_file_at(*maps, name); !removed) return pass_on(removed.error());
  }
  for (const auto& directory : {pins.maps(), pins.links(), pins.filters(), pins.qdiscs()}) {
    if (const auto removed = remove_directory(directory); !removed) return pass_on(removed.error());
  }
  return {};
}

}  // namespace netclsd::carry
