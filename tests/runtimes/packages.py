"""Programs of Debian's suites, unpacked below build/runtimes. Nothing is installed."""

import functools
import os
import signal
import subprocess

from e2e.support.programs import REPOSITORY, SYSTEM_PATH

from .report import parse_versions, upstream

TOP = REPOSITORY / "build" / "runtimes"
# Of podman, runc and crun all libraries, and what a root directory to run podman in needs.
_TREES = {"podman": ("--with-dependencies", "podman", "crun", "runc", "coreutils", "mount"),
          "containerd": ("containerd",), "patchelf": ("patchelf",)}
_FETCH_DEADLINE_S = 900


class FetchFailed(Exception):
    pass


def _run(command):
    """In a process group of its own: an interruption ends all of it, and the script removes what is not finished."""
    process = subprocess.Popen(list(map(str, command)), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE, text=True, cwd=REPOSITORY, start_new_session=True,
                               env={"PATH": SYSTEM_PATH, "LANG": "C.UTF-8"})
    try:
        out, errors = process.communicate(timeout=_FETCH_DEADLINE_S)
    except BaseException as problem:
        os.killpg(process.pid, signal.SIGTERM)
        process.communicate()
        if isinstance(problem, subprocess.TimeoutExpired):
            raise FetchFailed(str(problem)) from None
        raise
    if process.returncode != 0:
        raise FetchFailed(errors.strip()[-500:] or f"{command[0]} ended with {process.returncode}")
    return out


@functools.cache
def tree(suite, name):
    """The directory that has the files of one of _TREES, and the packages' versions."""
    options = [each for each in _TREES[name] if each.startswith("--")]
    packages = [each for each in _TREES[name] if not each.startswith("--")]
    directory = TOP / f"{suite}-{name}"
    out = _run([REPOSITORY / "scripts" / "unpack-packages.sh", *options, suite, directory, *packages])
    return directory, parse_versions(out)


def version(suite, package):
    """Of the package in Debian, and upstream's."""
    whole = tree(suite, "containerd" if package == "containerd" else "podman")[1][package]
    return whole, upstream(whole)


def containerd_programs(suite):
    """path on a host → the file that is to be there. They need an older C library than Debian 12 has."""
    programs = tree(suite, "containerd")[0] / "usr" / "bin"
    return {f"/usr/bin/{name}": programs / name for name in ("containerd", "containerd-shim-runc-v2", "ctr")}


@functools.cache
def oci_runtime(suite, name):
    """runc or crun of the suite, made to run with the suite's own C library, wherever it is called from."""
    directory = tree(suite, "podman")[0]
    libraries = directory / "usr" / "lib" / "x86_64-linux-gnu"
    source = next(path for path in (directory / "usr" / "sbin" / name, directory / "usr" / "bin" / name) if path.exists())
    made = directory / "netclsd" / name
    made.parent.mkdir(exist_ok=True)
    patchelf = tree("bookworm", "patchelf")[0] / "usr" / "bin" / "patchelf"
    # An rpath, which counts for libraries of libraries as well.
    _run([patchelf, "--set-interpreter", libraries / "ld-linux-x86-64.so.2", "--force-rpath", "--set-rpath", libraries,
          "--output", made, source])
    made.chmod(0o755)
    return made
