#include "common/sandbox/landlock.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <functional>

#include "common/base/file.h"
#include "common/sandbox/capabilities.h"

namespace netclsd {
namespace {

namespace fs = std::filesystem;

// A tree with a directory for each kind of rule, and one that no rule names.
class LandlockTest : public testing::Test {
 protected:
  LandlockTest() {
    for (const char* name : {"config", "groups/old", "state", "socket", "outside"}) {
      fs::create_directories(root_ / name);
      std::ofstream(root_ / name / "file") << "text";
    }
    fs::copy_file("/bin/true", root_ / "config/program");
  }
  ~LandlockTest() override { fs::remove_all(root_); }

  void SetUp() override {
    if (landlock_abi() == 0) GTEST_SKIP() << "this kernel has no Landlock";
  }

  LandlockRules rules() const {
    LandlockRules rules;
    rules.read = {path("config"), "/proc", path("not there")};
    rules.groups = {path("groups")};
    rules.files = {path("state")};
    rules.removal = {path("socket")};
    return rules;
  }

  std::string path(const std::string& name) const { return (root_ / name).string(); }

  // What `attempt` says in a child that lives under `rules`: 0 or an errno.
  static int confined(const LandlockRules& rules, const std::function<int()>& attempt) {
    const pid_t child = ::fork();
    if (child == 0) {
      ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
      ::_exit(restrict_with_landlock(rules) ? attempt() : 255);
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 254;
  }

  int confined(const std::function<int()>& attempt) const { return confined(rules(), attempt); }

  static int error_of(long outcome) { return outcome < 0 ? errno : 0; }
  std::function<int()> opening(const std::string& name, int flags) const {
    return [file = path(name), flags] { return error_of(::open(file.c_str(), flags | O_CLOEXEC, 0600)); };
  }

  fs::path root_ = fs::path(testing::TempDir()) / ("landlock_test." + std::to_string(::getpid()));
};

TEST_F(LandlockTest, WhatIsReadableCanBeReadAndNotWritten) {
  EXPECT_EQ(confined(opening("config/file", O_RDONLY)), 0);
  EXPECT_EQ(confined(opening("config", O_RDONLY | O_DIRECTORY)), 0);
  EXPECT_EQ(confined(opening("config/file", O_WRONLY)), EACCES);
  EXPECT_EQ(confined(opening("config/new", O_WRONLY | O_CREAT)), EACCES);
  EXPECT_EQ(confined([this] { return error_of(::unlink(path("config/file").c_str())); }), EACCES);
}

// A cgroup mount below a user's own directory: root without capabilities does not get there.
TEST_F(LandlockTest, WhatCannotBeReachedIsLeftOutWhereThatIsGoodEnough) {
  fs::create_directories(root_ / "private/mount");
  fs::permissions(root_ / "private", fs::perms::none);
  const auto confine = [](const LandlockRules& rules) {
    const pid_t child = ::fork();
    if (child == 0) {
      const auto dropped = drop_capabilities(Keep::kNothing);
      const auto unreachable = dropped ? restrict_with_landlock(rules) : pass_on(dropped.error());
      ::_exit(unreachable ? static_cast<int>(unreachable->size()) : 255);
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 254;
  };
  LandlockRules optional = rules();
  optional.read_if_reachable = {path("private/mount"), path("config"), path("not there")};
  LandlockRules needed = rules();
  needed.read = {path("private/mount")};
  EXPECT_EQ(confine(optional), 1);
  EXPECT_EQ(confine(needed), 255);
  fs::permissions(root_ / "private", fs::perms::owner_all);
}

// As an editor does it, while somebody reads under the rules.
TEST_F(LandlockTest, AFileThatReplacesOneInAReadableDirectoryCanBeRead) {
  int replaced[2];
  ASSERT_EQ(::pipe(replaced), 0);
  std::ofstream(root_ / "outside/new") << "new";
  const pid_t editor = ::fork();
  if (editor == 0) {
    fs::rename(root_ / "outside/new", root_ / "config/file");
    ::_exit(::write(replaced[1], "!", 1) == 1 ? 0 : 1);
  }
  char done = 0;
  EXPECT_EQ(confined([&] { return ::read(replaced[0], &done, 1) == 1 ? opening("config/file", O_RDONLY)() : 1; }), 0);
  ::waitpid(editor, nullptr, 0);
  ::close(replaced[0]);
  ::close(replaced[1]);
}

TEST_F(LandlockTest, NothingOutsideCanBeOpenedMadeOrRemoved) {
  for (const int flags : {O_RDONLY, O_WRONLY, O_RDWR, O_WRONLY | O_TRUNC}) {
    EXPECT_EQ(confined(opening("outside/file", flags)), EACCES) << flags;
  }
  EXPECT_EQ(confined(opening("outside/new", O_WRONLY | O_CREAT)), EACCES);
  EXPECT_EQ(confined([this] { return error_of(::unlink(path("outside/file").c_str())); }), EACCES);
  EXPECT_EQ(confined([this] { return error_of(::mkdir(path("outside/new").c_str(), 0700)); }), EACCES);
  EXPECT_EQ(confined([this] { return error_of(::symlink("/etc", path("outside/link").c_str())); }), EACCES);
}

TEST_F(LandlockTest, WhatWasOpenedBeforeStaysUsable) {
  const UniqueFd file(::open(path("outside/file").c_str(), O_RDWR | O_CLOEXEC));
  EXPECT_EQ(confined([&] { return error_of(::write(file.get(), "new", 3)); }), 0);
}

TEST_F(LandlockTest, GroupsAreMadeWrittenAndRemoved) {
  EXPECT_EQ(confined([this] {
              const std::string group = path("groups/new");
              if (::mkdir(group.c_str(), 0755) != 0) return errno;
              return error_of(::rmdir(group.c_str()));
            }),
            0);
  EXPECT_EQ(confined(opening("groups/old/file", O_WRONLY | O_TRUNC)), 0);
  EXPECT_EQ(confined(opening("groups/new", O_WRONLY | O_CREAT)), EACCES) << "a cgroup hierarchy has no files to make";
}

TEST_F(LandlockTest, StateFilesAreMadeRenamedAndRemoved) {
  EXPECT_EQ(confined([this] {
              const std::string file = path("state/new");
              const int fd = ::open(file.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
              if (fd < 0 || ::rename(file.c_str(), path("state/file").c_str()) != 0) return errno;
              return error_of(::unlink(path("state/file").c_str()));
            }),
            0);
}

TEST_F(LandlockTest, WhatIsNoFileIsMovedAsideInTheStateDirectory) {
  fs::create_symlink("/etc", path("state/link"));
  fs::create_directory(path("state/directory"));
  ASSERT_EQ(::mkfifo(path("state/fifo").c_str(), 0600), 0);
  ASSERT_EQ(::mknod(path("state/socket").c_str(), S_IFSOCK | 0600, 0), 0);
  for (const std::string name : {"link", "directory", "fifo", "socket"}) {
    const std::string from = path("state/" + name);
    EXPECT_EQ(confined([&] { return error_of(::rename(from.c_str(), (from + ".unreadable").c_str())); }), 0) << name;
    EXPECT_EQ(confined([&] { return error_of(::rename((from + ".unreadable").c_str(), path("outside/x").c_str())); }),
              EACCES)
        << name;
  }
}

TEST_F(LandlockTest, ALinkLeadsNobodyOut) {
  fs::create_symlink(path("outside/file"), path("state/link"));
  EXPECT_EQ(confined(opening("state/link", O_RDONLY)), EACCES);
}

TEST_F(LandlockTest, TheSocketCanBeRemovedAndNothingElse) {
  EXPECT_EQ(confined(opening("socket/file", O_RDONLY)), EACCES);
  EXPECT_EQ(confined(opening("socket/new", O_WRONLY | O_CREAT)), EACCES);
  EXPECT_EQ(confined([this] { return error_of(::unlink(path("socket/file").c_str())); }), 0);
}

TEST_F(LandlockTest, NothingCanBeExecuted) {
  const auto execute = [this](const std::string& program) {
    return confined([program] {
      ::execl(program.c_str(), program.c_str(), nullptr);
      return errno;
    });
  };
  EXPECT_EQ(execute(path("config/program")), EACCES);
  EXPECT_EQ(execute("/bin/true"), EACCES);
}

TEST_F(LandlockTest, NoTcpPortIsBoundOrConnectedTo) {
  if (landlock_abi() < 4) GTEST_SKIP() << "only from ABI 4 on";
  const auto attempt = [](auto call) {
    return [call] {
      const UniqueFd socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
      sockaddr_in address{};
      address.sin_family = AF_INET;
      address.sin_addr.s_addr = ::htonl(INADDR_LOOPBACK);
      address.sin_port = ::htons(9);
      return error_of(call(socket.get(), reinterpret_cast<const sockaddr*>(&address), socklen_t{sizeof address}));
    };
  };
  EXPECT_EQ(confined(attempt([](auto... a) { return ::bind(a...); })), EACCES);
  EXPECT_EQ(confined(attempt([](auto... a) { return ::connect(a...); })), EACCES);
}

TEST_F(LandlockTest, NobodyOutsideIsSignalled) {
  if (landlock_abi() < 6) GTEST_SKIP() << "only from ABI 6 on";
  EXPECT_EQ(confined([] { return error_of(::kill(::getppid(), 0)); }), EPERM);
}

TEST_F(LandlockTest, AbstractSocketsOutsideAreReachedOnlyWhereAServiceManagerHasOne) {
  if (landlock_abi() < 6) GTEST_SKIP() << "only from ABI 6 on";
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::string name = "landlock_test." + std::to_string(::getpid());
  std::memcpy(address.sun_path + 1, name.data(), name.size());
  const auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + name.size());
  const UniqueFd manager(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  ASSERT_EQ(::bind(manager.get(), reinterpret_cast<const sockaddr*>(&address), length), 0);
  const auto tell = [&] {
    const UniqueFd socket(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    return error_of(::sendto(socket.get(), "READY=1", 7, 0, reinterpret_cast<const sockaddr*>(&address), length));
  };
  EXPECT_EQ(confined(tell), EPERM);
  LandlockRules reaching = rules();
  reaching.reaches_abstract_sockets = true;
  EXPECT_EQ(confined(reaching, tell), 0);
}

// What the agent must read of others, and what it cannot read of them any more (agent/membership/namespace_facts.h).
TEST_F(LandlockTest, OthersCgroupsAndMountsCanBeReadAndTheirNamespacesCannot) {
  const std::string parent = "/proc/" + std::to_string(::getpid());
  const auto open_file = [&](const char* name) {
    return confined([file = parent + name] { return error_of(::open(file.c_str(), O_RDONLY | O_CLOEXEC)); });
  };
  for (const char* name : {"/cgroup", "/stat", "/status", "/comm", "/mountinfo"}) EXPECT_EQ(open_file(name), 0) << name;
  EXPECT_EQ(open_file("/ns/pid"), EACCES);
}

}  // namespace
}  // namespace netclsd
