#include "agent/http/web_access.h"

#include <utility>

namespace netclsd {

Result<std::unique_ptr<WebAccess>> WebAccess::load(const std::optional<std::string>& file) {
  std::unique_ptr<WebAccess> access(new WebAccess);
  if (!file) return access;
  access->file_ = file;
  access->files_ = {*file};
  auto config = load_web_config(*file);
  if (!config) return pass_on(config.error());
  access->has_tls_ = config->tls.has_value();
  if (auto loaded = access->reload(); !loaded) return pass_on(loaded.error());
  return access;
}

std::unique_ptr<Transport> WebAccess::make_transport() {
  const std::lock_guard lock(mutex_);
  return TlsTransport::make(context_.get());
}

Result<void> WebAccess::reload() {
  if (!file_) return {};
  // The stamps are taken before the files are read, so a write in between is noticed at the next look.
  seen_ = stamps();
  auto config = load_web_config(*file_);
  if (!config) return pass_on(config.error());
  files_ = files_of(*config);
  seen_ = stamps();
  return take_up(std::move(*config));
}

Result<void> WebAccess::take_up(WebConfig config) {
  if (config.tls.has_value() != has_tls_) {
    return invalid(config.file + ": tls_server_config was added or removed, which needs a restart");
  }
  TlsContext context;
  if (config.tls) {
    auto made = make_tls_context(*config.tls);
    if (!made) return pass_on(made.error());
    context = std::move(*made);
  }
  if (auto set = passwords_.set_users(std::move(config.users)); !set) return pass_on(set.error(), config.file);
  const std::lock_guard lock(mutex_);
  context_.swap(context);
  return {};
}

std::optional<Result<void>> WebAccess::reload_if_changed() {
  if (!file_ || stamps() == seen_) return std::nullopt;
  return reload();
}

WebAccess::Stamp WebAccess::stamp_of(const std::string& file) {
  struct stat found {};
  if (::stat(file.c_str(), &found) != 0) return {};
  const auto nanoseconds = [](const timespec& time) { return time.tv_sec * 1'000'000'000 + time.tv_nsec; };
  return {found.st_dev, found.st_ino, found.st_size, nanoseconds(found.st_mtim), nanoseconds(found.st_ctim)};
}

std::vector<WebAccess::Stamp> WebAccess::stamps() const {
  std::vector<Stamp> out;
  for (const std::string& file : files_) out.push_back(stamp_of(file));
  return out;
}

}  // namespace netclsd
