"""One boot of an emulated machine. It has two serial ports: the kernel's console, and one for results."""

import subprocess
import threading

_MEMORY_MIB = 1024
_PROCESSORS = 2
# An oops ends the machine, and with it qemu (-no-reboot). On a busy computer its processors stand still for seconds now and
# then: nobody shall complain of that.
_PARAMETERS = "panic=-1 oops=panic mitigations=off rcupdate.rcu_cpu_stall_suppress=1 nowatchdog random.trust_cpu=on printk.time=1"


def command(architecture, image, initramfs, parameters, console):
    ports = [option.format(console=console) for option in architecture.ports]
    parameters = f"console={architecture.console} {_PARAMETERS} netclsd.results={architecture.results} {parameters}"
    return ["setpriv", "--pdeathsig", "KILL",  # so that it ends with us, however we end
            *architecture.qemu, "-nodefaults", "-no-user-config", "-display", "none", "-no-reboot",
            "-accel", "tcg,thread=multi", "-smp", str(_PROCESSORS), "-m", str(_MEMORY_MIB),
            "-kernel", str(image), "-initrd", str(initramfs), "-append", parameters, *ports]


def boot(architecture, image, initramfs, parameters, console, deadline_s):
    """Yields the lines that come from the machine, until it has ended."""
    with open(str(console) + ".qemu", "wb") as errors:
        process = subprocess.Popen(command(architecture, image, initramfs, parameters, console), stdin=subprocess.DEVNULL,
                                   stdout=subprocess.PIPE, stderr=errors, text=True, errors="replace")
    timer = threading.Timer(deadline_s, process.kill)
    timer.start()
    try:
        for line in process.stdout:
            yield line.rstrip("\r\n")
    finally:
        timer.cancel()
        process.kill()
        process.wait()
        process.stdout.close()
