#include "common/sandbox/capabilities.h"

#include <gtest/gtest.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <map>
#include <string_view>

#include "tests/unit/common/sandbox/filter_evaluation.h"

namespace netclsd {
namespace {

// The Cap… lines and NoNewPrivs of /proc/thread-self/status.
std::map<std::string, std::uint64_t> own_privileges() {
  std::ifstream status("/proc/thread-self/status");
  std::map<std::string, std::uint64_t> found;
  for (std::string line; std::getline(status, line);) {
    const bool is_wanted = line.starts_with("Cap") || line.starts_with("NoNewPrivs");
    const auto colon = line.find(':');
    if (is_wanted) found[line.substr(0, colon)] = std::stoull(line.substr(colon + 1), nullptr, 16);
  }
  return found;
}

bool is_effective(int capability) {
  return (own_privileges().at("CapEff") >> static_cast<unsigned>(capability) & 1U) == 1;
}

constexpr int kNetAdmin = 12;
constexpr std::uint64_t kNetAdminAlone = 1U << kNetAdmin;

class CapabilitiesTest : public testing::Test {
 protected:
  void SetUp() override {
    if (!is_effective(kNetAdmin)) GTEST_SKIP() << "needs CAP_NET_ADMIN to give it up";
  }

  // In a child: what is given up does not come back.
  static bool holds_in_child(const std::function<bool()>& claim) {
    const pid_t child = ::fork();
    if (child == 0) ::_exit(claim() ? 0 : 1);
    int status = 0;
    ::waitpid(child, &status, 0);
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
  }
};

TEST_F(CapabilitiesTest, NothingIsLeft) {
  EXPECT_TRUE(holds_in_child([] {
    if (!drop_capabilities(Keep::kNothing)) return false;
    const std::map<std::string, std::uint64_t> expected{{"CapInh", 0}, {"CapPrm", 0}, {"CapEff", 0},
                                                        {"CapBnd", 0}, {"CapAmb", 0}, {"NoNewPrivs", 1}};
    return own_privileges() == expected && permitted_capabilities() == "none";
  }));
}

TEST_F(CapabilitiesTest, OrNetAdminAlone) {
  EXPECT_TRUE(holds_in_child([] {
    if (!drop_capabilities(Keep::kNetAdmin)) return false;
    const std::map<std::string, std::uint64_t> expected{
        {"CapInh", 0}, {"CapPrm", kNetAdminAlone}, {"CapEff", kNetAdminAlone}, {"CapBnd", 0},
        {"CapAmb", 0}, {"NoNewPrivs", 1}};
    return own_privileges() == expected && permitted_capabilities() == "net_admin";
  }));
}

TEST_F(CapabilitiesTest, WhoHasNoneGetsNone) {
  EXPECT_TRUE(holds_in_child([] {
    return drop_capabilities(Keep::kNothing) && drop_capabilities(Keep::kNetAdmin) &&
           own_privileges().at("CapPrm") == 0;
  }));
}

TEST_F(CapabilitiesTest, AnAttemptIsMadeWithoutNetAdminWhichComesBack) {
  const auto before = own_privileges();
  bool had_it = true;
  EXPECT_EQ(works_without_net_admin([&] {
              had_it = is_effective(kNetAdmin);
              return true;
            }),
            true);
  EXPECT_FALSE(had_it);
  EXPECT_EQ(own_privileges(), before);
  EXPECT_EQ(works_without_net_admin([] { return false; }), false);
  EXPECT_EQ(own_privileges(), before);
}

bool fails_to(std::string_view what, const Error& error) {
  return error.message() == std::string(what) + ": Operation not permitted";
}

TEST_F(CapabilitiesTest, AKernelThatRefusesFailsTheStartInOneLine) {
  EXPECT_EQ(fate_of_child(refusing(SYS_capset),
                          [] {
                            const auto dropped = drop_capabilities(Keep::kNothing);
                            return !dropped && fails_to("drop the capabilities", dropped.error());
                          }),
            0);
  EXPECT_EQ(fate_of_child(refusing(SYS_capset),
                          [] {
                            const auto tried = works_without_net_admin([] { return true; });
                            return !tried && fails_to("lay down CAP_NET_ADMIN", tried.error());
                          }),
            0);
}

TEST_F(CapabilitiesTest, SoDoesOneThatDoesNotGiveNetAdminBack) {
  EXPECT_EQ(fate_of_child(refusing(SYS_sethostname),
                          [] {
                            const auto tried =
                                works_without_net_admin([] { return enforce(refusing(SYS_capset)).has_value(); });
                            return !tried && fails_to("take CAP_NET_ADMIN back", tried.error());
                          }),
            0);
}

}  // namespace
}  // namespace netclsd
