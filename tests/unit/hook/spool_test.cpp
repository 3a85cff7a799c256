#include "hook/spool.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "tests/unit/common/temporary_directory.h"

namespace netclsd::hook {
namespace {

TEST(SpoolTest, LeavesAnEntryThatTheAgentCanReadInADirectoryOfRootsAlone) {
  const TemporaryDirectory run;
  const Registration registration{.id = *ContainerId::parse("ab12"),
                                  .request = {.pid = Pid{7},
                                              .start_time = StartTime{100},
                                              .bundle = "/b",
                                              .annotations = {{"k", "v"}},
                                              .spec_classid = 5,
                                              .cgroups_path = "/c",
                                              .source = RegistrationSource::kHook},
                                  .wanted = {}};
  ASSERT_TRUE(leave_in_spool(run.path("spool"), registration));
  const auto entry = parse_spool_entry(run.read("spool/ab12.json"));
  ASSERT_TRUE(entry) << entry.error().message();
  RegisterRequest expected = registration.request;
  expected.source = RegistrationSource::kSpool;
  EXPECT_EQ(entry->request, expected);
  struct stat status {};
  ASSERT_EQ(::stat(run.path("spool").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0700U);
}

}  // namespace
}  // namespace netclsd::hook
