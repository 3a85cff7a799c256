#include "nri/options.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace netclsd::nri {
namespace {

using testing::HasSubstr;

NriOptions parsed(const std::vector<std::string_view>& arguments) {
  return std::get<NriOptions>(*parse_nri_options(arguments));
}

std::string error_of(const std::vector<std::string_view>& arguments) {
  return parse_nri_options(arguments).error().message();
}

TEST(NriOptionsTest, Defaults) {
  const NriOptions options = parsed({});
  EXPECT_EQ(options.nri_socket, "/run/nri/nri.sock");
  EXPECT_EQ(options.index + "-" + options.name, "10-netclsd");
  EXPECT_EQ(options.socket, "/run/netclsd/agent.sock");
  EXPECT_EQ(options.timeout.count(), 1000);
  EXPECT_EQ(options.on_failure, OnFailure::kAllow);
}

TEST(NriOptionsTest, EveryOptionIsSet) {
  const NriOptions options =
      parsed({"--nri-socket=/n", "--name", "blue", "--index", "99", "--socket=/s", "--spool=/p", "--mount=/m/c",
              "--timeout=300ms", "--on-failure=deny", "--deny-exempt-namespace=a", "--deny-exempt-namespace", "b",
              "--log-file=/l", "--seccomp=log"});
  EXPECT_EQ(options.nri_socket + options.name + options.index + options.socket + options.spool + options.mount,
            "/nblue99/s/p/m/c");
  EXPECT_EQ(options.timeout.count(), 300);
  EXPECT_EQ(options.on_failure, OnFailure::kDeny);
  EXPECT_THAT(options.deny_exempt_namespaces, testing::ElementsAre("a", "b"));
  EXPECT_EQ(options.log_file, "/l");
  EXPECT_EQ(options.seccomp, SeccompMode::kLog);
}

TEST(NriOptionsTest, WrongUsageNamesTheOption) {
  for (const std::string_view index : {"1", "100", "1a", "", "-1"}) {
    EXPECT_THAT(error_of({"--index", index}), HasSubstr("is not two digits, such as 10")) << index;
  }
  EXPECT_THAT(error_of({"--name", "a/b"}), HasSubstr("--name \"a/b\" is not a name"));
  EXPECT_THAT(error_of({"--timeout", "1"}), HasSubstr("--timeout"));
  EXPECT_EQ(error_of({"--nri-socket"}), "--nri-socket needs a value");
  EXPECT_EQ(error_of({"createRuntime"}), "unknown argument \"createRuntime\"");
  EXPECT_EQ(error_of({"--verbose"}), "unknown option \"--verbose\"");
}

TEST(NriOptionsTest, HelpHasExamplesAndEveryOption) {
  EXPECT_EQ(std::get<Information>(*parse_nri_options(std::vector<std::string_view>{"-h"})), Information::kHelp);
  EXPECT_THAT(nri_help(), HasSubstr("Examples:\n  netclsd-nri\n"));
  for (const char* option : {"--nri-socket", "--name", "--index", "--socket", "--spool", "--mount", "--timeout",
                             "--on-failure", "--deny-exempt-namespace", "--log-file", "--seccomp"}) {
    EXPECT_THAT(nri_help(), HasSubstr(std::string("\n  ") + option + " ")) << option;
  }
}

}  // namespace
}  // namespace netclsd::nri
