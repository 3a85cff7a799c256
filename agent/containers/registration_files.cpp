#include "agent/containers/registration_files.h"

#include <cerrno>
#include <cstdio>
#include <utility>

#include "agent/containers/registration.h"
#include "common/base/file.h"

namespace netclsd {
namespace {

constexpr std::size_t kFileMax_bytes = 65'536;
constexpr std::size_t kFilesMax = 200'000;
constexpr std::string_view kSuffix = ".json";

std::string file_name(const ContainerId& id) { return id.text() + std::string(kSuffix); }

}  // namespace

Result<void> RegistrationFiles::save(const Registration& registration) {
  return write_atomically_at(directory_, file_name(registration.id), registration_to_json(registration), 0600);
}

Result<void> RegistrationFiles::remove(const ContainerId& id) {
  auto removed = remove_file_at(directory_, file_name(id));
  if (!removed) return pass_on(removed.error());
  return {};
}

std::vector<Result<Registration>> RegistrationFiles::load() {
  std::vector<Result<Registration>> registrations;
  if (!unread_) {
    auto names = list_names(directory_, kFilesMax);
    if (!names) {
      registrations.emplace_back(pass_on(names.error(), "read the state directory"));
      return registrations;
    }
    unread_ = *std::move(names);
  }
  for (const std::string& name : std::exchange(*unread_, {})) {
    // A leading dot is a temporary file: its rename never happened.
    if (name.starts_with('.')) static_cast<void>(remove_file_at(directory_, name));
    if (name.starts_with('.') || !name.ends_with(kSuffix)) continue;
    auto registration = load_one(name);
    if (!registration && registration.error().sys_errno() == ENOENT) continue;  // removed meanwhile
    if (!registration) put_off_or_set_aside(name, registration.error());
    registrations.push_back(std::move(registration));
  }
  return registrations;
}

void RegistrationFiles::put_off_or_set_aside(const std::string& name, const Error& error) {
  if (error.may_pass()) return unread_->push_back(name);
  ::renameat(directory_.get(), name.c_str(), directory_.get(), (name + ".unreadable").c_str());
}

Result<Registration> RegistrationFiles::load_one(const std::string& name) {
  const auto text = read_own_file_at(directory_, name, kFileMax_bytes);
  if (!text) return pass_on(text.error(), name);
  auto registration = registration_from_json(*text);
  if (!registration) return pass_on(registration.error(), name);
  if (file_name(registration->id) != name) return invalid(name + ": is of another container");
  return registration;
}

}  // namespace netclsd
