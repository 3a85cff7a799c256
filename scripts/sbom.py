#!/usr/bin/python3
"""Writes the bill of materials of an installation: SPDX 2.3, as JSON. CMake calls it as the last step of an installation.

    scripts/sbom.py --build DIR --compiler PATH [--sysroot DIR] --root DIR --prefix DIR --output FILE INSTALLED…

--build      the build directory: ninja's records of it say which headers and archives went into each program
--compiler   the C++ compiler that it used
--sysroot    if it compiled for another architecture: where scripts/unpack-packages.sh put Debian's packages for that
--root       DESTDIR, or /
--prefix     below it: the installation's prefix; files are named below that where they are
INSTALLED    the installed files

Debian's own records, or Ubuntu's, say which package a library, a header or a tool comes from, and that package's version and
licence. Equal inputs give equal bytes: the time is SOURCE_DATE_EPOCH, or the commit's. Uses no library.
docs/install.md says how to read the result.
"""

import argparse
import hashlib
import json
import os
import platform
import re
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

REPOSITORY = Path(__file__).resolve().parents[1]
NOTHING_SAID = "NOASSERTION"
PACKAGE = "SPDXRef-Package-netclsd"
# C headers that only declare: the kernel's structures, and what cpp-httplib's header includes of the libraries that it, not
# we, is linked to.
WITHOUT_CODE = ("linux-libc-dev", "libbrotli-dev", "libssl-dev", "zlib1g-dev")
# What a static program contains besides the archives that its link names.
IMPLICIT_ARCHIVES = ("libc.a", "libstdc++.a", "libgcc.a", "libgcc_eh.a")
BUILD_TOOLS = ("cmake", "ninja")

# The machine's that builds. Debian's testing and unstable have no number.
OS_RELEASE = platform.freedesktop_os_release()
DISTRIBUTION = OS_RELEASE["ID"]
RELEASE = OS_RELEASE.get("VERSION_ID") or OS_RELEASE.get("VERSION_CODENAME", "unknown")

# Debian's short names of licences that are not SPDX's.
SPDX_LICENSES = {
    "Apache-2.0": "Apache-2.0", "BSL-1.0": "BSL-1.0", "BSD-2-clause": "BSD-2-Clause", "BSD-3-clause": "BSD-3-Clause",
    "CC0-1.0": "CC0-1.0", "CC0": "CC0-1.0", "Expat": "MIT", "MIT": "MIT", "GPL-2": "GPL-2.0-only", "GPL-2+": "GPL-2.0-or-later",
    "GPL-3": "GPL-3.0-only", "GPL-3+": "GPL-3.0-or-later", "ISC": "ISC", "LGPL-2": "LGPL-2.0-only", "LGPL-2+": "LGPL-2.0-or-later",
    "LGPL-2.1": "LGPL-2.1-only", "LGPL-2.1+": "LGPL-2.1-or-later", "LGPL-3": "LGPL-3.0-only", "LGPL-3+": "LGPL-3.0-or-later",
    "Zlib": "Zlib",
}


def output_of(*command):
    return subprocess.run([str(word) for word in command], capture_output=True, text=True, check=True).stdout


def in_groups(items, size=1000):
    items = sorted(items)
    return [items[begin:begin + size] for begin in range(0, len(items), size)]


# --- What Debian knows -------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class DebianPackage:
    name: str
    version: str
    architecture: str
    source: str
    homepage: str
    root: str

    @property
    def spdx_id(self):
        return "SPDXRef-Package-deb-" + re.sub(r"[^A-Za-z0-9.-]", "-", self.name)

    @property
    def purl(self):
        return (f"pkg:deb/{DISTRIBUTION}/{quote(self.name, safe='')}@{quote(self.version, safe='')}"
                f"?arch={self.architecture}&distro={DISTRIBUTION}-{RELEASE}")


class Debian:
    """Asks dpkg, once for many paths. `root`: of a sysroot, or nothing."""

    def __init__(self, root=""):
        self.root = root
        self.query = ["dpkg-query", *(["--admindir", f"{root}/var/lib/dpkg"] if root else [])]
        self.owners = {}
        self.packages = {}

    def learn(self, paths):
        unknown = {spelling for path in paths for spelling in spellings(path, self.root)} - self.owners.keys()
        self.owners.update(dict.fromkeys(unknown))
        for group in in_groups(unknown):
            answer = subprocess.run([*self.query, "--search", *group], capture_output=True, text=True).stdout
            for owner, path in re.findall(r"^([^ ,]+)(?:, [^:]+)?: (/.*)$", answer, re.MULTILINE):
                self.owners[path] = owner

    def package_of(self, path):
        """None for a file of no package: our own."""
        self.learn([path])
        owner = next((self.owners[each] for each in spellings(path, self.root) if self.owners[each]), None)
        return owner and self.package(owner)

    def package(self, owner):
        if owner not in self.packages:
            fields = output_of(*self.query, "--show", "--showformat",
                               "${Package}\\n${Version}\\n${Architecture}\\n${source:Package}\\n${Homepage}", owner)
            self.packages[owner] = DebianPackage(*fields.split("\n"), self.root)
        return self.packages[owner]


class Machines:
    """The machine that compiled, and the one that it compiled for."""

    def __init__(self, sysroot):
        self.all = [Debian(sysroot), Debian()] if sysroot else [Debian()]

    def _of(self, path):
        return next(debian for debian in self.all if path.startswith(debian.root))

    def learn(self, paths):
        for debian in self.all:
            debian.learn([path for path in paths if self._of(path) is debian])

    def package_of(self, path):
        return self._of(path).package_of(path)


def spellings(path, root):
    """/lib is a link to /usr/lib, a library's name is one to its version's, and dpkg knows a file by one name only.

    Where the link is of another package than its target (g++, g++-12), the target's has the code: it comes first.
    """
    names = [name.removeprefix(root) for name in (os.path.realpath(path), os.path.normpath(path))]
    return [*names, *(name.removeprefix("/usr") for name in names if name.startswith("/usr/lib"))]


def declared_license(package):
    """The licence of the package's files, if its copyright file is machine-readable and every word of it has an SPDX name."""
    try:
        text = Path(f"{package.root}/usr/share/doc/{package.name}/copyright").read_text(errors="replace")
    except OSError:
        return NOTHING_SAID
    if not text.startswith("Format:"):
        return NOTHING_SAID
    stated = re.search(r"^Files: *\*\n(?:(?!\n).*\n)*?License: *(.+)$", text, re.MULTILINE)
    return to_expression(stated[1]) if stated else NOTHING_SAID


def to_expression(words):
    """"GPL-2 or Expat" → "(GPL-2.0-only OR MIT)"."""
    parts = re.split(r" +(or|and) +", words.strip())
    names = [SPDX_LICENSES.get(part) for part in parts[::2]]
    if None in names or len(set(parts[1::2])) > 1:
        return NOTHING_SAID
    return f" {parts[1].upper()} ".join(names).join("()") if len(names) > 1 else names[0]


# --- What went into a program ------------------------------------------------------------------------------------------


class Build:
    def __init__(self, directory, compiler, sysroot):
        self.directory = directory
        self.compiler = compiler
        self.sysroot = sysroot
        self.headers = self._headers()

    def _headers(self):
        """object file → everything that the compiler read for it"""
        headers, current = {}, None
        for line in output_of("ninja", "-C", self.directory, "-t", "deps").splitlines():
            if line.startswith("    "):
                headers[current].add(os.path.normpath(self.directory / line.strip()))
            elif ": #deps" in line:
                current = line.partition(": #deps")[0]
                headers[current] = set()
        return headers

    def inputs(self, program):
        """The system files that its code comes from: headers, static archives."""
        found = set()
        for name in output_of("ninja", "-C", self.directory, "-t", "inputs", f"bin/{program}").splitlines():
            found |= self.headers.get(name, set())
            if name.startswith("/") and name.endswith(".a"):
                found.add(name)
        return {path for path in found if path.startswith(("/usr/", f"{self.sysroot}/usr/"))}

    def archive(self, name):
        if self.sysroot:
            return str(min(Path(self.sysroot, "usr/lib").rglob(name)))
        return os.path.realpath(output_of(self.compiler, f"-print-file-name={name}").strip())


def needed_libraries(path):
    return re.findall(r"\(NEEDED\).*\[(.+)\]", output_of("readelf", "--wide", "--dynamic", path))


def library_paths(sysroot):
    """soname → where the dynamic linker finds it"""
    if sysroot:
        return {path.name: str(path) for path in Path(sysroot, "usr/lib").rglob("*.so.*")}
    listing = output_of("/sbin/ldconfig", "--print-cache")
    paths = {}
    for name, path in re.findall(r"^\t(\S+) \(libc6,(?:x86-64|AArch64)[^)]*\) => (\S+)$", listing, re.MULTILINE):
        paths.setdefault(name, path)
    return paths


class Links:
    """Which packages each program takes code from, and how."""

    def __init__(self, build, debian):
        self.build = build
        self.debian = debian
        self.libraries = library_paths(build.sysroot)

    def of(self, program, installed):
        """(relationship, package) pairs, sorted."""
        dynamic = {self._package(self.libraries.get(name, f"/usr/lib/{name}")) for name in needed_libraries(installed)}
        inputs = self.build.inputs(program)
        if not dynamic:
            inputs |= {self.build.archive(name) for name in IMPLICIT_ARCHIVES}
        self.debian.learn(inputs)
        others = {package for package in map(self.debian.package_of, inputs) if package}
        # The headers of a library that is linked dynamically are part of the same thing.
        sources = {package.source for package in dynamic}
        compiled_in = {package for package in others if package.source not in sources and package.name not in WITHOUT_CODE}
        pairs = {("DYNAMIC_LINK", package) for package in dynamic} | {("STATIC_LINK", package) for package in compiled_in}
        return sorted(pairs, key=lambda pair: (pair[0], pair[1].name))

    def _package(self, path):
        package = self.debian.package_of(path)
        if not package:
            raise SystemExit(f"sbom.py: {path} belongs to no Debian package")
        return package


# --- The document --------------------------------------------------------------------------------------------------------


def digest(path, algorithm):
    return hashlib.new(algorithm, path.read_bytes()).hexdigest()


def is_program(path):
    with open(path, "rb") as file:
        return file.read(4) == b"\x7fELF"


def file_entry(path, name):
    return {
        "SPDXID": "SPDXRef-File-" + re.sub(r"[^A-Za-z0-9.-]", "-", name),
        "fileName": f"./{name}",
        "fileTypes": ["BINARY"] if is_program(path) else ["TEXT"],
        "checksums": [{"algorithm": algorithm.upper(), "checksumValue": digest(path, algorithm)} for algorithm in
                      ("sha1", "sha256")],
        "licenseConcluded": "Apache-2.0",
        "licenseInfoInFiles": [NOTHING_SAID],
        "copyrightText": NOTHING_SAID,
    }


def verification_code(files):
    """SPDX 2.3, 7.9."""
    digests = sorted(entry["checksums"][0]["checksumValue"] for entry in files)
    return hashlib.sha1("".join(digests).encode()).hexdigest()


def own_package(version, revision, files):
    return {
        "SPDXID": PACKAGE,
        "name": "netclsd",
        "versionInfo": f"{version} ({revision})",
        "supplier": "Organization: The netclsd developers",
        "downloadLocation": NOTHING_SAID,
        "filesAnalyzed": True,
        "packageVerificationCode": {"packageVerificationCodeValue": verification_code(files)},
        "licenseConcluded": "Apache-2.0",
        "licenseDeclared": "Apache-2.0",
        "licenseInfoFromFiles": [NOTHING_SAID],
        "copyrightText": NOTHING_SAID,
        "primaryPackagePurpose": "APPLICATION",
    }


def debian_entry(package):
    entry = {
        "SPDXID": package.spdx_id,
        "name": package.name,
        "versionInfo": package.version,
        "supplier": f"Organization: {DISTRIBUTION.capitalize()}",
        "downloadLocation": NOTHING_SAID,
        "filesAnalyzed": False,
        "sourceInfo": f"built from the Debian source package {package.source}",
        "licenseConcluded": NOTHING_SAID,
        "licenseDeclared": declared_license(package),
        "copyrightText": NOTHING_SAID,
        "externalRefs": [{"referenceCategory": "PACKAGE-MANAGER", "referenceType": "purl", "referenceLocator": package.purl}],
    }
    return entry | ({"homepage": package.homepage} if package.homepage else {})


def relationship(of, kind, to):
    return {"spdxElementId": of, "relationshipType": kind, "relatedSpdxElement": to}


def created_at():
    epoch_s = os.environ.get("SOURCE_DATE_EPOCH")
    if not epoch_s:
        commit = subprocess.run(["git", "-C", REPOSITORY, "log", "-1", "--format=%ct"], capture_output=True, text=True)
        epoch_s = commit.stdout.strip() or time.time()
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(int(epoch_s)))


def build_tools(build, debian):
    linker = [output_of(build.compiler, f"-print-prog-name={name}").strip() for name in ("ld", "as")]
    paths = [build.compiler] + [path for path in map(which, (*BUILD_TOOLS, *linker)) if path]
    return sorted({package for package in map(debian.package_of, paths) if package}, key=lambda package: package.name)


def which(tool):
    if tool.startswith("/"):
        return tool
    return next((f"{directory}/{tool}" for directory in ("/usr/bin", "/bin") if os.path.exists(f"{directory}/{tool}")), None)


def document(options):
    build, debian = Build(options.build, options.compiler, options.sysroot), Machines(options.sysroot)
    links = Links(build, debian)
    installed = {name_of(path, options): path for path in options.installed}
    files = [file_entry(path, name) for name, path in sorted(installed.items())]
    used, relationships = set(), [relationship("SPDXRef-DOCUMENT", "DESCRIBES", PACKAGE)]
    for entry in files:
        relationships.append(relationship(PACKAGE, "CONTAINS", entry["SPDXID"]))
        path = installed[entry["fileName"][2:]]
        if not is_program(path):
            continue
        for kind, package in links.of(path.name, path):
            used.add(package)
            relationships.append(relationship(entry["SPDXID"], kind, package.spdx_id))
    for package in build_tools(build, debian):
        used.add(package)
        relationships.append(relationship(package.spdx_id, "BUILD_TOOL_OF", PACKAGE))
    version, revision = version_of(options.build)
    packages = [own_package(version, revision, files)]
    packages += [debian_entry(package) for package in sorted(used, key=lambda package: package.name)]
    content = {"packages": packages, "files": files, "relationships": relationships}
    return header(version, content) | content


def name_of(path, options):
    base = options.prefix if path.is_relative_to(options.prefix) else options.root
    return str(path.relative_to(base))


def version_of(build):
    text = (build / "generated" / "netclsd_version.h").read_text()
    return [re.search(rf'{name}.*"(.*)"', text)[1] for name in ("kVersion", "kRevision")]


def header(version, content):
    digest_of_content = hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
    return {
        "spdxVersion": "SPDX-2.3",
        "dataLicense": "CC0-1.0",
        "SPDXID": "SPDXRef-DOCUMENT",
        "name": f"netclsd-{version}",
        # A name, not an address: equal documents have equal ones.
        "documentNamespace": f"https://netclsd.io/spdx/netclsd-{version}-{digest_of_content}",
        "creationInfo": {"created": created_at(), "creators": ["Organization: The netclsd developers", "Tool: sbom.py"]},
    }


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("build", "root", "prefix", "output"):
        arguments.add_argument(f"--{name}", type=lambda text: Path(text).resolve(), required=True)
    arguments.add_argument("--compiler", required=True)
    arguments.add_argument("--sysroot", default="", type=lambda text: text and os.path.realpath(text))
    arguments.add_argument("installed", nargs="+", type=Path, metavar="INSTALLED")
    options = arguments.parse_args()
    options.installed = [path.resolve() for path in options.installed]
    options.output.parent.mkdir(parents=True, exist_ok=True)
    options.output.write_text(json.dumps(document(options), indent=2, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    sys.exit(main())
