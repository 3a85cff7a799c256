#include "cli/hook_install/manifest.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cli/hook_install/digest.h"

namespace netclsd::cli {
namespace {

const Snapshot kBefore{.content = "before\n\"ü\"\n", .attributes = {.mode = 0640, .uid = 3, .gid = 4}};

ManagedFile file_with(std::optional<Snapshot> previous) {
  return {.path = "/f",
          .kind = FileKind::kContainerdConfig,
          .previous = std::move(previous),
          .written = {sha256_hex("ours")}};
}

Snapshot with(std::string content) { return {.content = std::move(content), .attributes = {}}; }

TEST(ManifestTest, ComesBackFromItsText) {
  Manifest manifest{.state = InstallState::kRemoving,
                    .version = "1.2",
                    .program = "p",
                    .program_sha256 = "ab",
                    .programs = {"p", "q"},
                    .directory_made = true,
                    .directories_made = {"/a", "/a/b"},
                    .files = {file_with(kBefore), file_with(std::nullopt)},
                    .changed = ChangeTime{.boot_id = "b", .at_ticks = 7},
                    .pointer = "/var/lib/netclsd",
                    .runtimes = {"containerd", "podman"},
                    .containerd_config = "/c.toml",
                    .runtime_handlers = {"runc"}};
  EXPECT_EQ(parse_manifest(to_json(manifest)).value_or(Manifest{}), manifest);
  manifest.changed.reset();
  manifest.pointer.clear();
  EXPECT_EQ(parse_manifest(to_json(manifest)).value_or(Manifest{}), manifest);
}

TEST(ManifestTest, ContentThatIsNoUtf8ComesBackByteForByte) {
  std::string bytes = "# f\xfcr \xc3\xbc\n";
  for (int byte = 0; byte < 256; ++byte) bytes += static_cast<char>(byte);
  Manifest manifest;
  manifest.files = {file_with(with(bytes)), file_with(kBefore)};
  EXPECT_EQ(parse_manifest(to_json(manifest)).value_or(Manifest{}).files, manifest.files);
}

TEST(ManifestTest, NewerFormatIsRefused) {
  EXPECT_THAT(parse_manifest(R"({"format":2,"version":"9","state":"new","files":{}})").error().message(),
              testing::HasSubstr("format 2 was written by another netclsctl"));
  EXPECT_THAT(parse_manifest(R"({"format":1,"version":"9","state":"odd","files":[]})").error().message(),
              testing::HasSubstr("unknown word \"odd\""));
  EXPECT_FALSE(parse_manifest("{}"));
  EXPECT_FALSE(parse_manifest(R"({"format":1,"version":"9","state":"installed","files":[7]})"));
}

TEST(JudgeTest, FilesConditions) {
  const ManagedFile edited = file_with(kBefore);
  EXPECT_EQ(judge(edited, with("ours")), FileCondition::kOurs);
  EXPECT_EQ(judge(edited, kBefore), FileCondition::kOriginal);
  EXPECT_EQ(judge(edited, with("theirs")), FileCondition::kWithout);
  EXPECT_EQ(judge(edited, std::nullopt), FileCondition::kWithout);
  EXPECT_EQ(judge(edited, with("[theirs]\na = ['netclsd.io/*']\n")), FileCondition::kChanged);
  EXPECT_EQ(judge(edited, with("[theirs] # netclsd.io/*\n")), FileCondition::kWithout) << "a comment is no setting";
  ManagedFile hooks_d = file_with(kBefore);
  hooks_d.kind = FileKind::kHooksD;
  EXPECT_EQ(judge(hooks_d, with("theirs, netclsd")), FileCondition::kChanged);
  const ManagedFile made = file_with(std::nullopt);
  EXPECT_EQ(judge(made, std::nullopt), FileCondition::kOriginal);
  EXPECT_EQ(judge(made, with("ours")), FileCondition::kOurs);
}

}  // namespace
}  // namespace netclsd::cli
