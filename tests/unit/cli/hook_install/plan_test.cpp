#include "cli/hook_install/plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cli/hook_install/digest.h"

namespace netclsd::cli {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

const std::string kConfig = "/etc/c.toml";
const std::string kSpecFile = "/etc/spec.json";

Program program(const std::string& name) { return {.name = name, .content = name, .sha256 = sha256_hex(name)}; }

InstallFacts fresh() {
  return {.manifest = {},
          .directory = {.path = "/own"},
          .version = "1",
          .hook = program("netclsd-hook-1"),
          .stub = program(kStubName),
          .wanted = {{kConfig, FileKind::kContainerdConfig, "new"}, {kSpecFile, FileKind::kBaseSpec, "spec"}},
          .kept = {},
          .now = {{kConfig, Snapshot{.content = "old", .attributes = {.mode = 0600}}}, {kSpecFile, std::nullopt}},
          .missing_directories = {"/etc/made"}};
}

// The same host, after `plan` was carried out.
InstallFacts after(InstallFacts facts, const Plan& plan) {
  facts.manifest = plan.after;
  facts.directory.exists = true;
  facts.directory.link_target = facts.hook.name;
  facts.directory.programs = {{facts.hook.name, facts.hook.sha256}, {facts.stub.name, facts.stub.sha256}};
  facts.missing_directories.clear();
  for (const WantedFile& file : facts.wanted)
    facts.now[file.path] = Snapshot{.content = file.content, .attributes = {}};
  return facts;
}

std::vector<std::string> words(const Steps& steps) {
  std::vector<std::string> all;
  for (const Step& step : steps) all.push_back(describe(step));
  return all;
}

Plan planned(const InstallFacts& facts) {
  auto plan = plan_install(facts);
  EXPECT_TRUE(plan) << plan.error().message();
  return plan ? *plan : Plan{};
}

TEST(PlanTest, ProgramThatIsNotExecutableIsWrittenAgain) {
  InstallFacts facts = after(fresh(), planned(fresh()));
  facts.directory.not_executable = {facts.hook.name};
  EXPECT_THAT(words(planned(facts).steps), ElementsAre("write /own/manifest.json", "write /own/netclsd-hook-1"));
}

TEST(PlanTest, DirectoriesOfOursThatAreClosedAreOpenedBeforeAnythingIsNamed) {
  const Plan first = planned(fresh());
  InstallFacts facts = after(fresh(), first);
  facts.closed_directories = {"/own"};
  EXPECT_THAT(words(planned(facts).steps), ElementsAre("write /own/manifest.json", "open directory /own to everybody"));
}

TEST(PlanTest, ALinkShowsWhereADirectoryIsThatWasAskedFor) {
  InstallFacts facts = fresh();
  facts.pointer = "/var/lib/netclsd";
  const Plan plan = planned(facts);
  EXPECT_THAT(words(plan.steps), testing::Contains("link /var/lib/netclsd to /own"));
  EXPECT_EQ(plan.after.pointer, "/var/lib/netclsd");
  facts = after(facts, plan);
  facts.directory.pointer_target = "/own";
  EXPECT_THAT(planned(facts).steps, IsEmpty());
  EXPECT_THAT(words(plan_remove(plan.after, facts.directory, false)), testing::Contains("remove /var/lib/netclsd"));
  facts.directory.pointer_target = "/elsewhere";
  EXPECT_THAT(words(plan_remove(plan.after, facts.directory, false)),
              testing::Not(testing::Contains("remove /var/lib/netclsd")));
}

TEST(PlanTest, ProgramLinkBaseSpecAndThenWhatNamesThem) {
  const Plan plan = planned(fresh());
  EXPECT_THAT(words(plan.steps),
              ElementsAre("make directory /own", "write /own/manifest.json", "write /own/netclsd-hook-1",
                          "write /own/netclsd-hook-stub", "link /own/netclsd-hook to netclsd-hook-1",
                          "make directory /etc/made", "write /etc/spec.json", "write /etc/c.toml"));
  EXPECT_TRUE(plan.changes_start_up);
  EXPECT_TRUE(plan.after.directory_made);
  EXPECT_THAT(plan.after.directories_made, ElementsAre("/etc/made"));
}

TEST(PlanTest, ReplacedFileKeepsModeAndOwner) {
  const Plan plan = planned(fresh());
  EXPECT_EQ(std::get<WriteFile>(plan.steps.back()).snapshot.attributes.mode, 0600U);
  EXPECT_EQ(find_file(plan.after, kConfig)->previous->content, "old");
  EXPECT_EQ(find_file(plan.after, kSpecFile)->previous, std::nullopt);
}

TEST(PlanTest, SecondInstallationHasNothingToDo) {
  const InstallFacts facts = fresh();
  EXPECT_THAT(planned(after(facts, planned(facts))).steps, IsEmpty());
}

TEST(PlanTest, UpgradeSwitchesTheLinkAndThenRemovesTheOldProgram) {
  const InstallFacts facts = fresh();
  InstallFacts upgrade = after(facts, planned(facts));
  upgrade.hook = program("netclsd-hook-2");
  const Plan plan = planned(upgrade);
  EXPECT_THAT(words(plan.steps), ElementsAre("write /own/manifest.json", "write /own/netclsd-hook-2",
                                             "link /own/netclsd-hook to netclsd-hook-2", "remove /own/netclsd-hook-1"));
  EXPECT_FALSE(plan.changes_start_up);
}

TEST(PlanTest, WhileANewConfigurationIsWrittenTheManifestKnowsBothOfOurs) {
  const InstallFacts facts = fresh();
  InstallFacts second = after(facts, planned(facts));
  second.wanted[0].content = "newer";
  const Plan plan = planned(second);
  const auto& manifest = std::get<WriteFile>(plan.steps.front());
  const auto during = parse_manifest(manifest.snapshot.content);
  EXPECT_THAT(find_file(*during, kConfig)->written, ElementsAre(sha256_hex("newer"), sha256_hex("new")));
  EXPECT_EQ(find_file(*during, kConfig)->previous->content, "old");
}

TEST(PlanTest, FileThatIsNotWantedAnyMoreIsRestored) {
  const InstallFacts facts = fresh();
  InstallFacts second = after(facts, planned(facts));
  second.wanted.clear();
  EXPECT_THAT(words(planned(second).steps),
              ElementsAre("write /own/manifest.json", "write /etc/c.toml", "remove /etc/spec.json"));
}

TEST(PlanTest, RestoresConfigurationBeforeBaseSpecAndRemovesWhatWasMade) {
  const InstallFacts facts = fresh();
  const InstallFacts installed = after(facts, planned(facts));
  const auto plan = plan_restore(*installed.manifest, installed.directory, installed.now);
  ASSERT_TRUE(plan);
  EXPECT_THAT(words(plan->steps), ElementsAre("write /own/manifest.json", "write /etc/c.toml", "remove /etc/spec.json",
                                              "remove directory /etc/made if it is empty"));
  EXPECT_EQ(std::get<WriteFile>(plan->steps[1]).snapshot, (Snapshot{.content = "old", .attributes = {.mode = 0600}}));
}

TEST(PlanTest, SpecThatSomebodyElseNamesStaysWithoutTheHookAndIsRemovedLater) {
  const InstallFacts facts = fresh();
  const InstallFacts installed = after(facts, planned(facts));
  const Hookless hookless{{kSpecFile, "hookless"}};
  const auto plan = plan_restore(*installed.manifest, installed.directory, installed.now, hookless);
  ASSERT_TRUE(plan);
  EXPECT_THAT(words(plan->steps), ElementsAre("write /own/manifest.json", "write /etc/c.toml", "write /etc/spec.json",
                                              "remove directory /etc/made if it is empty"));
  const auto removal = plan_remove(plan->after, installed.directory, true, hookless);
  const auto stub = parse_manifest(std::get<WriteFile>(removal.back()).snapshot.content);
  ASSERT_TRUE(stub);
  ASSERT_EQ(stub->files.size(), 1U);
  EXPECT_EQ(stub->state, InstallState::kStub);

  const FilesNow later{{kSpecFile, Snapshot{.content = "hookless", .attributes = {}}}};
  EXPECT_THAT(words(plan_restore(*stub, installed.directory, later, hookless)->steps),
              ElementsAre("write /own/manifest.json", "remove directory /etc/made if it is empty"));
  EXPECT_THAT(
      words(plan_restore(*stub, installed.directory, later)->steps),
      ElementsAre("write /own/manifest.json", "remove /etc/spec.json", "remove directory /etc/made if it is empty"));
}

TEST(PlanTest, UnwantedSpecThatSomebodyElseNamesStaysManaged) {
  const InstallFacts facts = fresh();
  InstallFacts second = after(facts, planned(facts));
  second.wanted.pop_back();
  second.hookless = {{kSpecFile, "hookless"}};
  const Plan plan = planned(second);
  EXPECT_THAT(words(plan.steps), ElementsAre("write /own/manifest.json", "write /etc/spec.json"));
  EXPECT_THAT(find_file(plan.after, kSpecFile)->written, ElementsAre(sha256_hex("spec"), sha256_hex("hookless")));
}

TEST(PlanTest, ChangedFileStopsEverything) {
  const InstallFacts facts = fresh();
  InstallFacts installed = after(facts, planned(facts));
  installed.now[kConfig]->content = "[new]\nedited = 'netclsd.io/*'\n";
  EXPECT_FALSE(plan_restore(*installed.manifest, installed.directory, installed.now));
  installed.now[kConfig]->content = "without us";
  EXPECT_THAT(
      words(plan_restore(*installed.manifest, installed.directory, installed.now)->steps),
      ElementsAre("write /own/manifest.json", "remove /etc/spec.json", "remove directory /etc/made if it is empty"));
}

TEST(PlanTest, ProgramsGoLastAndTheManifestLastOfThem) {
  const InstallFacts facts = fresh();
  const InstallFacts installed = after(facts, planned(facts));
  EXPECT_THAT(words(plan_remove(*installed.manifest, installed.directory, false)),
              ElementsAre("remove /own/netclsd-hook", "remove /own/netclsd-hook-1", "remove /own/netclsd-hook-stub",
                          "remove /own/manifest.json", "remove directory /own if it is empty"));
}

TEST(PlanTest, StubTakesTheLinkBeforeTheProgramGoes) {
  const InstallFacts facts = fresh();
  InstallFacts installed = after(facts, planned(facts));
  EXPECT_THAT(words(plan_remove(*installed.manifest, installed.directory, true)),
              ElementsAre("link /own/netclsd-hook to netclsd-hook-stub", "remove /own/netclsd-hook-1",
                          "write /own/manifest.json"));
}

}  // namespace
}  // namespace netclsd::cli
