#include "agent/http/peer.h"

#include <gmock/gmock.h>
#include <grp.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <functional>

#include "agent/http/listen_socket.h"
#include "raw_client.h"

namespace netclsd {
namespace {

using testing::HasSubstr;

constexpr gid_t kReaders = 4711;
constexpr uid_t kNobody = 65534;

Peer peer_of(uid_t user, std::vector<gid_t> groups = {0}) {
  return {.pid = Pid{42}, .user = user, .groups = std::move(groups), .pid_namespaces_between = 0};
}

TEST(PeerTest, RootMayDoEverythingAndOthersNothing) {
  EXPECT_EQ(decide(peer_of(0), {}), Access::kEverything);
  EXPECT_EQ(decide(peer_of(1000), {}), Access::kRefused);
  EXPECT_EQ(decide(peer_of(1000), {.readers = kReaders}), Access::kRefused);
}

TEST(PeerTest, MembersOfTheGroupMayRead) {
  EXPECT_EQ(decide(peer_of(1000, {100, kReaders}), {.readers = kReaders}), Access::kReading);
  EXPECT_EQ(decide(peer_of(1000, {100, kReaders}), {}), Access::kRefused);
  EXPECT_EQ(decide(peer_of(0, {kReaders}), {.readers = kReaders}), Access::kEverything);
}

TEST(PeerTest, RootsGroupIsNoReadersGroup) { EXPECT_EQ(decide(peer_of(1000, {0}), {}), Access::kRefused); }

TEST(PeerTest, WhoeverLivesInAnotherPidNamespaceIsRefused) {
  Peer root_of_a_container = peer_of(0);
  root_of_a_container.pid_namespaces_between = 1;
  EXPECT_EQ(decide(root_of_a_container, {}), Access::kRefused);
  Peer reader = peer_of(1000, {kReaders});
  reader.pid_namespaces_between = 1;
  EXPECT_EQ(decide(reader, {.readers = kReaders}), Access::kRefused);
  Peer nowhere = peer_of(0);
  nowhere.pid = Pid{0};
  EXPECT_EQ(decide(nowhere, {}), Access::kRefused) << "not even seen from the agent's namespace";
}

TEST(PeerTest, GroupsAreFoundByNameAndByNumber) {
  EXPECT_EQ(find_group("root"), 0U);
  EXPECT_EQ(find_group("4711"), 4711U);
  EXPECT_THAT(find_group("no-such-group").error().message(), HasSubstr("there is no group no-such-group"));
  EXPECT_FALSE(find_group("4294967295"));
}

// A client in a process of its own, with the identity the test gives it.
class PeerGateTest : public testing::Test {
 protected:
  void SetUp() override {
    char name[] = "/tmp/netclsd-peer-XXXXXX";
    ASSERT_NE(::mkdtemp(name), nullptr);
    directory_ = name;
    ASSERT_EQ(::chmod(name, 0755), 0);
    auto listener = listen_on_unix(directory_ + "/s");
    ASSERT_TRUE(listener) << listener.error().message();
    listener_ = std::move(*listener);
    ASSERT_EQ(::chmod((directory_ + "/s").c_str(), 0666), 0);
  }
  void TearDown() override {
    end_client();
    std::filesystem::remove_all(directory_);
  }

  UniqueFd connect_as(const std::function<void()>& become) {
    client_ = ::fork();
    if (client_ == 0) {
      become();
      const UniqueFd connection = connect_unix(directory_ + "/s");
      ::pause();
    }
    for (;;) {
      UniqueFd accepted(::accept(listener_.get(), nullptr, nullptr));
      if (accepted.is_open()) return accepted;
    }
  }
  void end_client() {
    if (client_ <= 0) return;
    ::kill(client_, SIGKILL);
    ::waitpid(client_, nullptr, 0);
    client_ = -1;
  }
  static Access ask(const UniqueFd& socket, const PeerPolicy& policy) {
    const auto verdict = PeerGate::open(policy)->ask(socket.get());
    EXPECT_TRUE(verdict) << verdict.error().message();
    EXPECT_TRUE(*verdict);
    return (*verdict)->access;
  }

  std::string directory_;
  UniqueFd listener_;
  pid_t client_ = -1;
};

void become_nobody(const std::vector<gid_t>& groups) {
  if (::setgroups(groups.size(), groups.data()) != 0 || ::setgid(kNobody) != 0 || ::setuid(kNobody) != 0) ::_exit(1);
}

TEST_F(PeerGateTest, KnowsRoot) {
  EXPECT_EQ(ask(connect_as([] {}), {}), Access::kEverything);
}

TEST_F(PeerGateTest, RefusesAnotherUser) {
  EXPECT_EQ(ask(connect_as([] { become_nobody({}); }), {.readers = kReaders}), Access::kRefused);
}

TEST_F(PeerGateTest, FindsTheGroupAmongTheMostGroupsAProcessCanHave) {
  std::vector<gid_t> groups(65536);
  for (std::size_t i = 0; i < groups.size(); ++i) groups[i] = static_cast<gid_t>(100'000 + i);
  groups.back() = kReaders;
  EXPECT_EQ(ask(connect_as([&groups] { become_nobody(groups); }), {.readers = kReaders}), Access::kReading);
}

TEST_F(PeerGateTest, AnEndedPeerIsNobody) {
  const UniqueFd socket = connect_as([] {});
  end_client();
  const auto verdict = PeerGate::open({})->ask(socket.get());
  ASSERT_TRUE(verdict) << verdict.error().message();
  EXPECT_FALSE(*verdict);
}

TEST_F(PeerGateTest, RefusesRootInAPidNamespaceOfItsOwn) {
  client_ = ::fork();
  if (client_ == 0) {
    if (::unshare(CLONE_NEWPID) != 0) ::_exit(1);
    if (::fork() == 0) {
      ::prctl(PR_SET_PDEATHSIG, SIGKILL);
      const UniqueFd connection = connect_unix(directory_ + "/s");
      ::pause();
    }
    ::pause();
  }
  UniqueFd accepted;
  while (!accepted.is_open()) accepted = UniqueFd(::accept(listener_.get(), nullptr, nullptr));
  EXPECT_EQ(ask(accepted, {}), Access::kRefused);
}

}  // namespace
}  // namespace netclsd
