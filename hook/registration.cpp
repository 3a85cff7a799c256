#include "hook/registration.h"

#include <netclsd_version.h>

#include "common/base/file.h"
#include "common/model/pod_identity.h"
#include "common/oci/spec.h"
#include "common/proc/process.h"

namespace netclsd::hook {
namespace {

Result<OciSpec> read_spec(const std::string& bundle) {
  if (bundle.empty()) return invalid("OCI state has no bundle");
  auto text = read_file(bundle + "/config.json", kSpecMax_bytes);
  if (!text) return pass_on(text.error());
  return parse_oci_spec(*text);
}

Result<ProcessStat> read_init(const std::string& proc, Pid pid) {
  if (pid.value == 0) return invalid("OCI state has no pid");
  auto stat = read_process_stat(proc, pid);
  if (!stat) return pass_on(stat.error());
  if (!*stat || is_dead(**stat)) return failure(ErrorCode::kConflict, "init, pid " + to_string(pid) + ", is gone");
  return **stat;
}

}  // namespace

Result<std::optional<Registration>> read_registration(const OciState& state, const std::string& proc) {
  auto spec = read_spec(state.bundle);
  if (!spec) return pass_on(spec.error());
  const auto pod = pod_identity(spec->annotations);
  if (pod && pod->is_sandbox) return std::nullopt;
  auto wanted = class_request(spec->annotations, spec->classid);
  if (!wanted) return pass_on(wanted.error());
  auto init = read_init(proc, state.pid);
  if (!init) return pass_on(init.error());
  return Registration{.id = state.id,
                      .request = {.pid = init->pid,
                                  .start_time = init->start_time,
                                  .bundle = state.bundle,
                                  .annotations = std::move(spec->annotations),
                                  .spec_classid = spec->classid,
                                  .cgroups_path = std::move(spec->cgroups_path),
                                  .hook_version = kVersion,
                                  .source = RegistrationSource::kHook},
                      .wanted = *std::move(wanted),
                      .is_pod_known = pod.has_value()};
}

}  // namespace netclsd::hook
