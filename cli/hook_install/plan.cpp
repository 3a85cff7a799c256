#include "cli/hook_install/plan.h"

#include <utility>

#include "cli/hook_install/digest.h"
#include "common/base/text.h"

namespace netclsd::cli {
namespace {

bool is_read_at_start(FileKind kind) { return kind != FileKind::kHooksD; }

// The file before our edit: as noted, or as it is now if somebody has undone our edit since.
std::optional<Snapshot> pristine_of(const ManagedFile* managed, const std::optional<Snapshot>& now) {
  return managed != nullptr && judge(*managed, now) == FileCondition::kOurs ? managed->previous : now;
}

class InstallPlanner {
 public:
  explicit InstallPlanner(const InstallFacts& facts) : facts_(facts) {
    if (facts.manifest) old_ = *facts.manifest;
  }

  Result<Plan> plan() {
    describe_programs();
    describe_files();
    if (auto restored = restore_unwanted(); !restored) return pass_on(restored.error());
    for (const std::string& path : facts_.closed_directories) steps_.emplace_back(OpenDirectory{path});
    write_programs();
    write_files();
    remove_old_programs();
    return finish();
  }

 private:
  std::string own(const std::string& name) const { return facts_.directory.path + "/" + name; }

  // An installer that is killed before it writes its first manifest leaves an empty directory.
  bool is_ours_alone() const { return !facts_.directory.exists || facts_.directory.is_empty; }

  void describe_programs() {
    Manifest& during = during_;
    during.state = InstallState::kInstalling;
    during.version = facts_.version;
    during.program = facts_.hook.name;
    during.program_sha256 = facts_.hook.sha256;
    during.programs = old_.programs;
    add_once(during.programs, facts_.hook.name);
    add_once(during.programs, facts_.stub.name);
    during.directory_made = facts_.manifest ? old_.directory_made : is_ours_alone();
    during.directories_made = old_.directories_made;
    for (const std::string& path : facts_.missing_directories) add_once(during.directories_made, path);
    during.changed = old_.changed;
    during.pointer = facts_.pointer;
    during.runtimes = facts_.runtimes;
    during.containerd_config = facts_.containerd_config;
    during.runtime_handlers = facts_.runtime_handlers;
  }

  void describe_files() {
    after_ = during_;
    for (const WantedFile& wanted : facts_.wanted) {
      const ManagedFile* managed = find_file(old_, wanted.path);
      const std::string hash = sha256_hex(wanted.content);
      ManagedFile file{.path = wanted.path,
                       .kind = wanted.kind,
                       .previous = pristine_of(managed, now_of(facts_.now, wanted.path)),
                       .written = {hash}};
      after_.files.push_back(file);
      if (managed != nullptr) {
        for (const std::string& earlier : managed->written) add_once(file.written, earlier);
      }
      during_.files.push_back(file);
    }
    for (const ManagedFile& file : old_.files) {
      if (contains(facts_.kept, file.path)) {
        during_.files.push_back(file);
        after_.files.push_back(file);
      }
    }
  }

  // Files that an earlier installation wrote and that this one does not want, e.g. after an upgrade of the runtime.
  Result<void> restore_unwanted() {
    Manifest unwanted;
    for (const ManagedFile& file : old_.files) {
      if (find_file(after_, file.path) == nullptr) unwanted.files.push_back(file);
    }
    auto plan = plan_restore(unwanted, {}, facts_.now, facts_.hookless);
    if (!plan) return pass_on(plan.error());
    for (const ManagedFile& file : plan->after.files) {
      during_.files.push_back(file);
      if (facts_.hookless.contains(file.path)) after_.files.push_back(file);
    }
    restores_ = std::move(plan->steps);
    restores_.erase(restores_.begin());  // its manifest
    changes_start_up_ = plan->changes_start_up;
    return {};
  }

  void write_programs() {
    for (const Program* program : {&facts_.hook, &facts_.stub}) {
      const auto present = facts_.directory.programs.find(program->name);
      const bool is_there = present != facts_.directory.programs.end() && present->second == program->sha256;
      if (is_there && !facts_.directory.not_executable.contains(program->name)) continue;
      steps_.emplace_back(WriteFile{.path = own(program->name),
                                    .snapshot = {.content = program->content, .attributes = own_attributes(0755)},
                                    .before = {},
                                    .is_shown = false});
    }
    if (facts_.directory.link_target != facts_.hook.name) {
      steps_.emplace_back(SwitchLink{.path = own(kLinkName), .target = facts_.hook.name});
    }
    if (!facts_.pointer.empty() && facts_.directory.pointer_target != facts_.directory.path) {
      steps_.emplace_back(SwitchLink{.path = facts_.pointer, .target = facts_.directory.path});
    }
  }

  void write_files() {
    for (const std::string& path : facts_.missing_directories) steps_.emplace_back(MakeDirectory{path});
    for (const FileKind kind : {FileKind::kBaseSpec, FileKind::kContainerdConfig, FileKind::kHooksD}) {
      for (const WantedFile& wanted : facts_.wanted) {
        if (wanted.kind == kind) write_file(wanted);
      }
    }
    steps_.insert(steps_.end(), restores_.begin(), restores_.end());
  }

  void write_file(const WantedFile& wanted) {
    const std::optional<Snapshot>& now = now_of(facts_.now, wanted.path);
    if (now && now->content == wanted.content) return;
    const Attributes attributes = now ? now->attributes : own_attributes(0644);
    steps_.emplace_back(WriteFile{.path = wanted.path,
                                  .snapshot = {.content = wanted.content, .attributes = attributes},
                                  .before = now ? now->content : ""});
    changes_start_up_ = changes_start_up_ || is_read_at_start(wanted.kind);
  }

  void remove_old_programs() {
    after_.programs = {facts_.hook.name, facts_.stub.name};
    for (const auto& [name, hash] : facts_.directory.programs) {
      if (!contains(after_.programs, name))
        steps_.emplace_back(RemoveFile{.path = own(name), .before = {}, .is_shown = false});
    }
    for (const std::string& path : facts_.directory.leftovers) {
      steps_.emplace_back(RemoveFile{.path = path, .before = {}, .is_shown = false});
    }
  }

  // If there is nothing to do, not even a manifest is written.
  Plan finish() {
    after_.state = InstallState::kInstalled;
    Plan plan{.steps = {}, .after = after_, .changes_start_up = changes_start_up_};
    if (steps_.empty() && facts_.manifest == after_) return plan;
    if (!facts_.directory.exists) plan.steps.emplace_back(MakeDirectory{facts_.directory.path});
    plan.steps.push_back(write_manifest(facts_.directory.path, during_));
    plan.steps.insert(plan.steps.end(), steps_.begin(), steps_.end());
    return plan;
  }

  const InstallFacts& facts_;
  Manifest old_;
  Manifest during_;
  Manifest after_;
  Steps steps_;
  Steps restores_;
  bool changes_start_up_ = false;
};

Failure refuse_changed(const std::string& path) {
  return failure(ErrorCode::kConflict,
                 path +
                     " was changed since netclsctl wrote it, and is left alone. Take out of it by hand what names "
                     "netclsd (netclsctl hook status tells what), then run this again");
}

Step restore(const ManagedFile& file, const std::string& before) {
  if (!file.previous) return RemoveFile{.path = file.path, .before = before};
  return WriteFile{.path = file.path, .snapshot = *file.previous, .before = before};
}

// The file stays in the manifest, to be removed later.
void add_hookless(Plan& plan, const ManagedFile& file, const Snapshot& now, const std::string& hookless) {
  for (ManagedFile& each : plan.after.files) {
    if (each.path == file.path) add_once(each.written, sha256_hex(hookless));
  }
  if (now.content == hookless) return;
  plan.steps.emplace_back(WriteFile{
      .path = file.path, .snapshot = {.content = hookless, .attributes = now.attributes}, .before = now.content});
  plan.changes_start_up = true;
}

Result<void> add_restores(Plan& plan, const Manifest& manifest, const FilesNow& now, FileKind kind,
                          const Hookless& hookless) {
  for (const ManagedFile& file : manifest.files) {
    if (file.kind != kind) continue;
    const std::optional<Snapshot> content = now_of(now, file.path);
    const FileCondition condition = judge(file, content);
    if (condition == FileCondition::kChanged) return refuse_changed(file.path);
    if (condition != FileCondition::kOurs) continue;
    if (const auto stays = hookless.find(file.path); stays != hookless.end()) {
      add_hookless(plan, file, *content, stays->second);
      continue;
    }
    plan.steps.push_back(restore(file, content->content));
    plan.changes_start_up = plan.changes_start_up || is_read_at_start(kind);
  }
  return {};
}

}  // namespace

std::optional<Snapshot> now_of(const FilesNow& now, const std::string& path) {
  const auto found = now.find(path);
  return found == now.end() ? std::nullopt : found->second;
}

Result<Plan> plan_install(const InstallFacts& facts) { return InstallPlanner(facts).plan(); }

Step write_manifest(const std::string& directory, const Manifest& manifest) {
  return WriteFile{.path = directory + "/" + kManifestName,
                   .snapshot = {.content = to_json(manifest), .attributes = own_attributes(0600)},
                   .before = {},
                   .is_shown = false};
}

Result<Plan> plan_restore(const Manifest& manifest, const OwnDirectory& directory, const FilesNow& now,
                          const Hookless& hookless) {
  Plan plan{.steps = {}, .after = manifest};
  plan.after.state = InstallState::kRemoving;
  for (const FileKind kind : {FileKind::kHooksD, FileKind::kContainerdConfig, FileKind::kBaseSpec}) {
    if (auto added = add_restores(plan, manifest, now, kind, hookless); !added) return pass_on(added.error());
  }
  plan.steps.insert(plan.steps.begin(), write_manifest(directory.path, plan.after));
  for (const std::string& path : directory.leftovers) {
    plan.steps.emplace_back(RemoveFile{.path = path, .before = {}, .is_shown = false});
  }
  for (auto path = manifest.directories_made.rbegin(); path != manifest.directories_made.rend(); ++path) {
    plan.steps.emplace_back(RemoveDirectory{*path});
  }
  return plan;
}

Steps plan_remove(const Manifest& manifest, const OwnDirectory& directory, bool is_in_use, const Hookless& hookless) {
  const auto own = [&](const std::string& name) { return directory.path + "/" + name; };
  Manifest stub_left = manifest;
  stub_left.state = InstallState::kStub;
  std::erase_if(stub_left.files, [&](const ManagedFile& file) { return !hookless.contains(file.path); });
  if (hookless.empty()) stub_left.directories_made.clear();
  Steps steps;
  if (is_in_use && directory.link_target != kStubName) {
    steps.emplace_back(SwitchLink{.path = own(kLinkName), .target = kStubName});
  }
  if (!is_in_use && directory.link_target) {
    steps.emplace_back(RemoveFile{.path = own(kLinkName), .before = {}, .is_shown = false});
  }
  for (const auto& [name, hash] : directory.programs) {
    if (is_in_use && name == kStubName) continue;
    steps.emplace_back(RemoveFile{.path = own(name), .before = {}, .is_shown = false});
  }
  if (is_in_use) {
    stub_left.programs = {kStubName};
    if (manifest != stub_left) steps.push_back(write_manifest(directory.path, stub_left));
    return steps;
  }
  if (!manifest.pointer.empty() && directory.pointer_target == directory.path) {
    steps.emplace_back(RemoveFile{.path = manifest.pointer, .before = {}, .is_shown = false});
  }
  steps.emplace_back(RemoveFile{.path = own(kManifestName), .before = {}, .is_shown = false});
  if (manifest.directory_made) steps.emplace_back(RemoveDirectory{directory.path});
  return steps;
}

}  // namespace netclsd::cli
