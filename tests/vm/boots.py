"""The ways in which a kernel is booted."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Boot:
    title: str  # as the page says it
    script: str  # in guest/: what runs there
    parameters: str = ""  # the kernel's
    has_kernel_tests: bool = False


BOOTS = {
    "usual": Boot("as it is", "smoke.sh", has_kernel_tests=True),
    "favordynmods": Boot("cgroup2 mounted with `favordynmods`", "favordynmods.sh", "netclsd.cgroup2=favordynmods"),
    "cgroup_no_v1": Boot("`cgroup_no_v1=all`", "cgroup_no_v1.sh", "cgroup_no_v1=all"),
}
