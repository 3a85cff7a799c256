#include "hook/input.h"

#include <netclsd_version.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "common/base/file.h"
#include "common/base/text.h"
#include "common/json/fields.h"
#include "common/model/annotations.h"
#include "common/oci/oci.h"
#include "common/proc/proc.h"
#include "hook/placement/init.h"

namespace netclsd::hook {
namespace {

// False if nothing came.
Result<bool> wait_readable(int fd, Deadline deadline) {
  pollfd ready{.fd = fd, .events = POLLIN, .revents = 0};
  for (;;) {
    const int time_ms = static_cast<int>(deadline.left().count()) + 1;  // rounded up: poll(0) at the end would spin
    const int count = ::poll(&ready, 1, time_ms);
    if (count >= 0) return count > 0;
    if (errno != EINTR) return system_failure(errno, "poll stdin");
  }
}

// The first key whose values differ, or that one side lacks. For people.
std::string first_difference(const Annotations& a, const Annotations& b) {
  const auto [one, other] = std::mismatch(a.begin(), a.end(), b.begin(), b.end());
  if (one == a.end()) return other->first;
  return other == b.end() ? one->first : std::min(one->first, other->first);
}

Result<void> check_it_is_of(const OciState& state, const OciSpec& spec, const std::string& path) {
  if (!state.has_annotations || state.annotations == spec.annotations) return {};
  return failure(ErrorCode::kConflict,
                 path + " is not this container's: the state has another annotation " +
                     printable(first_difference(state.annotations, spec.annotations), 2 * kPrintableMax_bytes));
}

Result<OciSpec> read_spec(const OciState& state) {
  if (state.bundle.empty()) return invalid("OCI state has no bundle");
  const std::string path = state.bundle + "/config.json";
  auto text = read_file(path, kSpecMax_bytes);
  if (!text) return pass_on(text.error());
  auto spec = parse_oci_spec(*text);
  if (!spec) return spec;
  if (auto checked = check_it_is_of(state, *spec, path); !checked) return pass_on(checked.error());
  return spec;
}

// For a container whose config.json is unknown. Nearly every container has mounts of its own.
OciSpec spec_by_state(const OciState& state) {
  return {.annotations = state.annotations, .classid = {}, .cgroups_path = {}, .has_own_mounts = true};
}

RegisterRequest request_for(const OciState& state, const OciSpec& spec, const ProcessStat& init,
                            const std::string& proc) {
  return {.pid = init.pid,
          .start_time = in_initial_time(proc, init.start_time),
          .bundle = state.bundle,
          .annotations = deciding(spec.annotations),
          .spec_classid = spec.classid,
          .cgroups_path = spec.cgroups_path,
          .hook_version = kVersion,
          .source = RegistrationSource::kHook};
}

}  // namespace

Result<std::string> read_until(int fd, std::size_t bytes_max, Deadline deadline) {
  // For end-of-file after a whole state: it comes at once, unless another process has the writing end, too.
  constexpr std::chrono::milliseconds kPatience{20};
  std::string content;
  char buffer[16'384];
  while (content.size() <= bytes_max) {
    auto ready = wait_readable(fd, deadline.at_most(kPatience));
    if (ready && !*ready && Json::accept(content)) return content;
    if (ready && !*ready) ready = wait_readable(fd, deadline);
    if (!ready) return pass_on(ready.error());
    if (!*ready) return failure(ErrorCode::kUnavailable, "the runtime did not finish writing the OCI state in time");
    const ssize_t got = ::read(fd, buffer, sizeof buffer);
    if (got < 0 && (errno == EINTR || errno == EAGAIN)) continue;
    if (got < 0) return system_failure(errno, "read the OCI state from stdin");
    if (got == 0) return content;
    content.append(buffer, static_cast<std::size_t>(got));
  }
  return failure(ErrorCode::kTooLarge, "OCI state is larger than " + std::to_string(bytes_max) + " bytes");
}

Result<Reading> read_registration(const OciState& state, const std::string& proc) {
  auto read = read_spec(state);
  if (!read && !state.has_annotations) return pass_on(read.error());
  std::string remark = read ? "" : "goes by the state's annotations alone: " + read.error().message();
  const OciSpec spec = read ? *std::move(read) : spec_by_state(state);
  const auto pod = pod_identity(spec.annotations);
  if (pod && pod->is_sandbox) return Reading{};
  if (state.pid.value == 0) return invalid("OCI state has no pid");
  const auto init = read_init(proc, state.pid);
  if (!init) return pass_on(init.error());
  if (spec.has_own_mounts && shares_mounts(proc, init->pid)) {
    return Reading{.registration = {}, .remark = nothing_to_place_because(*init)};
  }
  auto wanted = class_request(spec.annotations, spec.classid);
  if (!wanted) return pass_on(wanted.error());
  return Reading{.registration = Registration{.id = state.id,
                                              .request = request_for(state, spec, *init, proc),
                                              .wanted = *std::move(wanted),
                                              .is_pod_known = pod.has_value()},
                 .remark = std::move(remark)};
}

}  // namespace netclsd::hook
