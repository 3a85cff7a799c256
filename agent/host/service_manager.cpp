#include "agent/host/service_manager.h"

#include <pthread.h>
#include <sys/signalfd.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <utility>

namespace netclsd {
namespace {

// An error means that the service manager does not listen any more. That is no reason to stop.
void tell(const char* state) { static_cast<void>(::sd_notify(0, state)); }

}  // namespace

Result<Signals> Signals::block() {
  std::signal(SIGPIPE, SIG_IGN);  // a client that hangs up must not end us
  sigset_t set;
  sigemptyset(&set);
  for (const int signal : {SIGTERM, SIGINT, SIGHUP}) sigaddset(&set, signal);
  if (const int err = ::pthread_sigmask(SIG_BLOCK, &set, nullptr); err != 0)
    return system_failure(err, "block signals");
  UniqueFd fd(::signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
  if (!fd.is_open()) return system_failure(errno, "open a signalfd");
  return Signals(std::move(fd));
}

std::optional<Signal> Signals::next() {
  signalfd_siginfo info{};
  if (::read(fd_.get(), &info, sizeof info) != static_cast<ssize_t>(sizeof info)) return std::nullopt;
  return info.ssi_signo == SIGHUP ? Signal::kReload : Signal::kStop;
}

void tell_ready() { tell("READY=1"); }
void tell_alive() { tell("WATCHDOG=1"); }
void tell_stopping() { tell("STOPPING=1"); }

}  // namespace netclsd
