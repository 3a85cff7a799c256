"""The kinds of machines: how qemu makes one, and where on this machine are the programs that run in it."""

from dataclasses import dataclass
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
_ARM64_ROOT = REPOSITORY / "build/arm64/sysroot"  # scripts/arm64.sh --prepare makes it


@dataclass(frozen=True)
class Architecture:
    name: str  # as Debian says it
    triplet: str
    qemu: tuple  # the command's first words
    console: str  # the port that has the kernel's console
    results: str  # the port that has the results (guest/init)
    ports: tuple  # qemu's options for the two: a file, in place of {console}, and what qemu prints
    root: Path = Path("/")  # of the system that has the tools and libraries
    emulator: tuple = ()  # what runs its programs here


ARCHITECTURES = {each.name: each for each in (
    # In 5-level page tables each emulated access is dearer.
    Architecture("amd64", "x86_64-linux-gnu", ("qemu-system-x86_64", "-cpu", "max,la57=off"), "ttyS0", "ttyS1",
                 ("-serial", "file:{console}", "-serial", "stdio")),
    # So is each call with pointers that are signed as the hardware does it. The board has one serial port; the other is a card.
    Architecture("arm64", "aarch64-linux-gnu", ("qemu-system-aarch64", "-machine", "virt", "-cpu", "max,pauth-impdef=on,sve=off"),
                 "ttyAMA0", "ttyS0",
                 ("-serial", "file:{console}", "-chardev", "stdio,id=results", "-device", "pci-serial,chardev=results"),
                 _ARM64_ROOT, ("qemu-aarch64-static", "-L", str(_ARM64_ROOT))),
)}
