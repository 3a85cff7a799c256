"""`netclsctl hook install` and `uninstall` on a row's host."""

from .host import changed


class HookFailed(Exception):
    pass


def _words(done):
    """Of what netclsctl said, the line that explains its status."""
    lines = [line.strip() for line in (done.stderr + "\n" + done.stdout).splitlines() if line.strip()]
    return next((line for line in lines if line.startswith(("error", "note"))), lines[-1] if lines else "")


class HookInstallation:
    """`problems`: what netclsctl could not do. The row goes on: it tells whether containers get their class."""

    def __init__(self, host, agent, runtime):
        self.host, self.problems = host, []
        self.before = host.places()
        done = host.hook("install", "--runtime", runtime, *(f"--hook-arg={each}" for each in (
            f"--socket={agent.socket}", f"--spool={agent.spool}", f"--mount={host.net_cls_mount}")))
        self._expect_0("install", done)

    def _expect_0(self, verb, done):
        if done.returncode != 0:
            self.problems.append(f"hook {verb} ended with {done.returncode}: {_words(done)}")

    def check_status(self):
        self._expect_0("status", self.host.hook("status"))

    def remove(self):
        """Everything must be as it was before."""
        done = self.host.hook("uninstall")
        if done.returncode != 0:
            raise HookFailed(f"hook uninstall ended with {done.returncode}: {_words(done)}")
        if different := changed(self.before, self.host.places()):
            raise HookFailed(f"left behind or changed: {' '.join(different)}")
