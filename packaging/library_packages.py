#!/usr/bin/python3
"""Prints which packages a program of another architecture depends on, as a package's field Depends says it.

    packaging/library_packages.py SYSROOT PROGRAM

By the files `shlibs` of the sysroot's packages (scripts/unpack-packages.sh): for each library its package, and the first
version that has all that the newest one has. dpkg-shlibdeps finds older versions that would do, too, but needs the libraries
installed.
"""

import re
import subprocess
import sys
from pathlib import Path


def needed_libraries(program):
    listing = subprocess.run(["readelf", "--wide", "--dynamic", program], capture_output=True, text=True, check=True).stdout
    return re.findall(r"\(NEEDED\).*\[(.+)\]", listing)


def read_shlibs(sysroot):
    """("libseccomp", "2") → "libseccomp2 (>= 2.5.0)" """
    found = {}
    for path in Path(sysroot, "var/lib/dpkg/info").glob("*.shlibs"):
        for line in path.read_text().splitlines():
            if len(words := line.split(maxsplit=2)) == 3 and not line.startswith(("#", "udeb:")):
                found[words[0], words[1]] = words[2]
    return found


def split_soname(soname):
    """"libseccomp.so.2" → ("libseccomp", "2"); "libfoo-1.2.so" → ("libfoo", "1.2")"""
    match = re.fullmatch(r"(.+)\.so\.(.+)", soname) or re.fullmatch(r"(.+)-(\d.*)\.so", soname)
    if not match:
        raise SystemExit(f"library_packages.py: {soname} has no version")
    return match[1], match[2]


def dependencies(sysroot, program):
    shlibs, found = read_shlibs(sysroot), set()
    for soname in needed_libraries(program):
        if (key := split_soname(soname)) not in shlibs:
            raise SystemExit(f"library_packages.py: no package in {sysroot} says that it has {soname}")
        found.add(shlibs[key])
    return sorted(found)


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    print(", ".join(dependencies(sys.argv[1], sys.argv[2])))
