// Runs a program as if the kernel had no connector: without_connector PROGRAM [ARGUMENTS…]
//
// A seccomp filter makes socket(AF_NETLINK, …, NETLINK_CONNECTOR) fail with EPROTONOSUPPORT, as it does on a kernel
// built without CONFIG_CONNECTOR, and hides nothing else.
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/netlink.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstdio>

#if defined(__x86_64__)
#define THIS_ARCHITECTURE AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define THIS_ARCHITECTURE AUDIT_ARCH_AARCH64
#else
#error "say which AUDIT_ARCH_… this machine is"
#endif

namespace {

bool refuse_connector_sockets() {
  // The low half of a 64-bit argument on a little-endian machine: socket's arguments are ints.
  constexpr std::uint32_t kArchitecture = offsetof(seccomp_data, arch);
  constexpr std::uint32_t kSystemCall = offsetof(seccomp_data, nr);
  constexpr std::uint32_t kDomain = offsetof(seccomp_data, args[0]);
  constexpr std::uint32_t kProtocol = offsetof(seccomp_data, args[2]);
  sock_filter filter[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, kArchitecture),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, THIS_ARCHITECTURE, 0, 7),
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, kSystemCall),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_socket, 0, 5),
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, kDomain),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AF_NETLINK, 0, 3),
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, kProtocol),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, NETLINK_CONNECTOR, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPROTONOSUPPORT),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  const sock_fprog program = {sizeof filter / sizeof filter[0], filter};
  return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) {
    std::fprintf(stderr, "usage: without_connector PROGRAM [ARGUMENTS...]\n");
    return 2;
  }
  if (!refuse_connector_sockets()) {
    std::perror("without_connector: seccomp");
    return 1;
  }
  execv(argv[1], argv + 1);
  std::perror(argv[1]);
  return 1;
}
