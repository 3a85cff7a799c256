#include "cli/hook_install/manifest.h"

#include <algorithm>
#include <array>
#include <utility>

#include "cli/hook_install/containerd_config.h"
#include "cli/hook_install/digest.h"
#include "common/base/text.h"
#include "common/json/fields.h"

namespace netclsd::cli {
namespace {

constexpr std::uint64_t kFormat = 1;
constexpr std::uint64_t kIdMax = 0xffff'ffff;

constexpr std::array<std::string_view, 3> kKinds = {"base_spec", "containerd_config", "hooks_d"};
constexpr std::array<std::string_view, 4> kStates = {"installing", "installed", "removing", "stub"};

template <typename Enum, std::size_t Size>
Result<Enum> parse_name(const std::array<std::string_view, Size>& names, const std::string& text) {
  const auto* found = std::find(names.begin(), names.end(), text);
  if (found == names.end()) return invalid("manifest.json: unknown word \"" + text + "\"; is it a newer netclsctl's?");
  return static_cast<Enum>(found - names.begin());
}

// JSON holds only UTF-8. Other bytes are written as the characters of these numbers, and marked so.
constexpr const char* kByteEncoding = "latin-1";

std::string bytes_to_characters(std::string_view bytes) {
  std::string text;
  for (const char each : bytes) {
    const auto byte = static_cast<unsigned char>(each);
    if (byte >= 0x80U) text += static_cast<char>(0xC0U | (byte >> 6U));
    text += byte < 0x80U ? each : static_cast<char>(0x80U | (byte & 0x3FU));
  }
  return text;
}

Result<std::string> characters_to_bytes(std::string_view text) {
  std::string bytes;
  for (std::size_t at = 0; at < text.size(); ++at) {
    const unsigned first = static_cast<unsigned char>(text[at]);
    if (first >= 0x80U && ((first & 0xFCU) != 0xC0U || ++at == text.size())) {
      return invalid("manifest.json: a content is not latin-1");
    }
    bytes +=
        first < 0x80U ? text[at] : static_cast<char>((first << 6U) | (static_cast<unsigned char>(text[at]) & 0x3FU));
  }
  return bytes;
}

OrderedJson to_json_value(const std::optional<Snapshot>& snapshot) {
  if (!snapshot) return nullptr;
  OrderedJson json = {
      {"mode", snapshot->attributes.mode}, {"uid", snapshot->attributes.uid}, {"gid", snapshot->attributes.gid}};
  const bool is_text = is_utf8(snapshot->content);
  if (!is_text) json["encoding"] = kByteEncoding;
  json["content"] = is_text ? snapshot->content : bytes_to_characters(snapshot->content);
  return json;
}

OrderedJson to_json_value(const ManagedFile& file) {
  return {{"path", file.path},
          {"kind", kKinds[static_cast<std::size_t>(file.kind)]},
          {"written", file.written},
          {"previous", to_json_value(file.previous)}};
}

Result<std::vector<std::string>> parse_texts(const Json& object, const char* key) {
  const auto found = object.find(key);
  if (found == object.end()) return std::vector<std::string>{};
  if (!found->is_array()) return invalid(std::string("manifest.json: ") + key + " is not a list");
  std::vector<std::string> texts;
  for (const Json& item : *found) {
    if (!item.is_string()) return invalid(std::string("manifest.json: ") + key + " has an item that is not a text");
    texts.push_back(item.get<std::string>());
  }
  return texts;
}

Result<std::optional<Snapshot>> parse_previous(const Json& file) {
  const auto found = file.find("previous");
  if (found == file.end() || found->is_null()) return std::nullopt;
  if (!found->is_object()) return invalid("manifest.json: previous is not an object");
  FieldReader reader(*found);
  Snapshot snapshot{.content = reader.text("content"),
                    .attributes = {.mode = static_cast<mode_t>(reader.required_number("mode", 07777)),
                                   .uid = static_cast<uid_t>(reader.required_number("uid", kIdMax)),
                                   .gid = static_cast<gid_t>(reader.required_number("gid", kIdMax))}};
  const std::string encoding = reader.text("encoding");
  if (reader.failed()) return reader.first_failure();
  if (encoding.empty()) return snapshot;
  if (encoding != kByteEncoding) return invalid("manifest.json: unknown encoding \"" + encoding + "\"");
  auto bytes = characters_to_bytes(snapshot.content);
  if (!bytes) return pass_on(bytes.error());
  snapshot.content = std::move(*bytes);
  return snapshot;
}

Result<ManagedFile> parse_file(const Json& json) {
  if (!json.is_object()) return invalid("manifest.json: a file is not an object");
  FieldReader reader(json);
  ManagedFile file{.path = reader.required_text("path"), .kind = {}, .previous = {}, .written = {}};
  const auto kind = parse_name<FileKind>(kKinds, reader.required_text("kind"));
  if (reader.failed()) return reader.first_failure();
  if (!kind) return pass_on(kind.error());
  auto written = parse_texts(json, "written");
  auto previous = parse_previous(json);
  if (!written) return pass_on(written.error());
  if (!previous) return pass_on(previous.error());
  file.kind = *kind;
  file.written = std::move(*written);
  file.previous = std::move(*previous);
  return file;
}

Result<std::vector<ManagedFile>> parse_files(const Json& object) {
  std::vector<ManagedFile> files;
  const auto found = object.find("files");
  if (found == object.end() || !found->is_array()) return invalid("manifest.json: files is not a list");
  for (const Json& item : *found) {
    auto file = parse_file(item);
    if (!file) return pass_on(file.error());
    files.push_back(std::move(*file));
  }
  return files;
}

}  // namespace

std::string_view to_string(InstallState state) { return kStates[static_cast<std::size_t>(state)]; }

std::string containerd_config_of(const Manifest& manifest) {
  return manifest.containerd_config.empty() ? kContainerdConfigPath : manifest.containerd_config;
}

const ManagedFile* find_file(const Manifest& manifest, std::string_view path) {
  const auto found = std::find_if(manifest.files.begin(), manifest.files.end(),
                                  [&](const ManagedFile& file) { return file.path == path; });
  return found == manifest.files.end() ? nullptr : &*found;
}

std::string to_json(const Manifest& manifest) {
  OrderedJson json = {{"format", kFormat},
                      {"state", to_string(manifest.state)},
                      {"version", manifest.version},
                      {"program", manifest.program},
                      {"program_sha256", manifest.program_sha256},
                      {"programs", manifest.programs},
                      {"directory_made", manifest.directory_made},
                      {"directories_made", manifest.directories_made},
                      {"files", OrderedJson::array()}};
  if (!manifest.pointer.empty()) json["pointer"] = manifest.pointer;
  for (const ManagedFile& file : manifest.files) json["files"].push_back(to_json_value(file));
  json["runtimes"] = manifest.runtimes;
  json["containerd_config"] = manifest.containerd_config;
  json["runtime_handlers"] = manifest.runtime_handlers;
  if (manifest.changed)
    json["changed"] = {{"boot_id", manifest.changed->boot_id}, {"at_ticks", manifest.changed->at_ticks}};
  return json.dump(2, ' ', false, OrderedJson::error_handler_t::replace) + "\n";
}

Result<Manifest> parse_manifest(std::string_view text) {
  auto json = parse_json_object(text, "manifest.json");
  if (!json) return pass_on(json.error());
  FieldReader reader(*json);
  const std::uint64_t format = reader.required_number("format", kAnyNumber);
  if (!reader.failed() && format != kFormat) {
    return invalid("manifest.json: format " + std::to_string(format) +
                   " was written by another netclsctl, and this one knows only format " + std::to_string(kFormat) +
                   ": the hook stays as it is. Install or uninstall it with the other one");
  }
  Manifest manifest{.state = {},
                    .version = reader.required_text("version"),
                    .program = reader.text("program"),
                    .program_sha256 = reader.text("program_sha256"),
                    .programs = {},
                    .directory_made = json->value("directory_made", Json(false)) == true,
                    .directories_made = {},
                    .files = {},
                    .changed = {},
                    .pointer = reader.text("pointer"),
                    .containerd_config = reader.text("containerd_config")};
  const auto state = parse_name<InstallState>(kStates, reader.required_text("state"));
  const std::string boot_id = reader.text("changed.boot_id");
  const auto at_ticks = reader.number("changed.at_ticks", kAnyNumber);
  if (reader.failed()) return pass_on(reader.first_failure().value(), "manifest.json");
  auto programs = parse_texts(*json, "programs");
  auto directories = parse_texts(*json, "directories_made");
  auto files = parse_files(*json);
  auto runtimes = parse_texts(*json, "runtimes");
  auto handlers = parse_texts(*json, "runtime_handlers");
  if (!state) return pass_on(state.error());
  if (!programs) return pass_on(programs.error());
  if (!directories) return pass_on(directories.error());
  if (!files) return pass_on(files.error());
  if (!runtimes) return pass_on(runtimes.error());
  if (!handlers) return pass_on(handlers.error());
  manifest.state = *state;
  manifest.programs = std::move(*programs);
  manifest.directories_made = std::move(*directories);
  manifest.files = std::move(*files);
  manifest.runtimes = std::move(*runtimes);
  manifest.runtime_handlers = std::move(*handlers);
  if (at_ticks) manifest.changed = ChangeTime{.boot_id = boot_id, .at_ticks = *at_ticks};
  return manifest;
}

bool mentions_us(FileKind kind, std::string_view content) {
  if (kind == FileKind::kContainerdConfig) return has_value_of_ours(content);
  return content.find("netclsd") != std::string_view::npos;
}

FileCondition judge(const ManagedFile& file, const std::optional<Snapshot>& now) {
  if (now.has_value() == file.previous.has_value() && (!now || now->content == file.previous->content)) {
    return FileCondition::kOriginal;
  }
  if (!now) return FileCondition::kWithout;
  const std::string hash = sha256_hex(now->content);
  if (std::find(file.written.begin(), file.written.end(), hash) != file.written.end()) return FileCondition::kOurs;
  return mentions_us(file.kind, now->content) ? FileCondition::kChanged : FileCondition::kWithout;
}

}  // namespace netclsd::cli
