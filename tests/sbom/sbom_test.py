#!/usr/bin/python3
"""Installs a release build and checks its bill of materials: by the rules of SPDX 2.3, and by what the programs say.

    tests/sbom/sbom_test.py BUILD_DIRECTORY

https://spdx.github.io/spdx-spec/v2.3/ is the specification. The last line is `N passed, N failed, N skipped`.
"""

import hashlib
import json
import os
import platform
import re
import subprocess
import sys
import tempfile
import unittest
from collections import Counter
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from summary import run_class  # noqa: E402  (the path comes first)

PROGRAMS = ("netclsd", "netclsd-carrier", "netclsd-hook", "netclsd-hook-stub", "netclsd-nri", "netclsctl")
BILL = "share/netclsd/netclsd.spdx.json"
NOTHING_SAID = "NOASSERTION"
# What the specification demands of each kind, clauses 6, 7 and 8.
DOCUMENT_FIELDS = {"spdxVersion", "dataLicense", "SPDXID", "name", "documentNamespace", "creationInfo"}
PACKAGE_FIELDS = {"SPDXID", "name", "downloadLocation"}
FILE_FIELDS = {"SPDXID", "fileName", "checksums"}
RELATIONSHIPS = {"DESCRIBES", "CONTAINS", "DYNAMIC_LINK", "STATIC_LINK", "BUILD_TOOL_OF"}
SUPPLIER = r"(Organization|Person): \S.*"
LICENSE = r"NOASSERTION|\(?[A-Za-z0-9.-]+( (OR|AND) [A-Za-z0-9.-]+)*\)?"
# Patterns, since Boost's and the compiler's packages have their versions in their names. Without these a program would not be
# what it is; who takes one out of the code changes this line.
BOOST, COMPILER = r"libboost1\.\d+-dev", r"libstdc\+\+-\d+-dev"
CODE_OF = {"netclsd": {BOOST, "nlohmann-json3-dev", "libexpected-dev", "libcli11-dev"},
           "netclsd-carrier": {"nlohmann-json3-dev", "libexpected-dev", "libcli11-dev"},
           "netclsd-hook": {BOOST, "nlohmann-json3-dev", "libexpected-dev", "libc6-dev", COMPILER},
           "netclsd-hook-stub": {"libc6-dev"},
           "netclsd-nri": {BOOST, "libprotozero-dev", "libexpected-dev", "libc6-dev"},
           "netclsctl": {"libtomlplusplus-dev", "libcli11-dev", "libmd-dev", "libc6-dev"}}


def output_of(*command, **options):
    return subprocess.run([str(word) for word in command], check=True, capture_output=True, text=True, **options).stdout


class Bill(unittest.TestCase):
    build = None

    @classmethod
    def setUpClass(cls):
        directory = tempfile.TemporaryDirectory()
        cls.addClassCleanup(directory.cleanup)
        cls.prefix = Path(directory.name).resolve() / "prefix"
        cls.text = cls.install(cls.prefix)
        cls.document = json.loads(cls.text)
        cls.packages = {each["SPDXID"]: each for each in cls.document["packages"]}
        cls.files = {each["fileName"].removeprefix("./"): each for each in cls.document["files"]}

    @classmethod
    def install(cls, prefix, **environment):
        output_of("cmake", "--install", cls.build, "--strip", "--prefix", prefix, env={**os.environ, **environment})
        return (prefix / BILL).read_text()

    def linked(self, program, kind):
        """Names of the packages that the bill says the program is linked to."""
        element = self.files[f"bin/{program}"]["SPDXID"]
        return {self.packages[each["relatedSpdxElement"]]["name"] for each in self.document["relationships"]
                if each["spdxElementId"] == element and each["relationshipType"] == kind}

    def test_the_document_has_what_the_specification_demands(self):
        self.assertEqual(DOCUMENT_FIELDS - self.document.keys(), set())
        self.assertEqual((self.document["spdxVersion"], self.document["dataLicense"]), ("SPDX-2.3", "CC0-1.0"))
        self.assertEqual(self.document["SPDXID"], "SPDXRef-DOCUMENT")
        self.assertRegex(self.document["documentNamespace"], r"^https://[^#\s]+$")
        self.assertRegex(self.document["creationInfo"]["created"], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$")
        for creator in self.document["creationInfo"]["creators"]:
            self.assertRegex(creator, r"^(Person|Organization|Tool): \S")

    def test_each_package_has_what_the_specification_demands(self):
        for package in self.document["packages"]:
            with self.subTest(package["name"]):
                self.assertEqual(PACKAGE_FIELDS - package.keys(), set())
                self.assertRegex(package["supplier"], f"^{SUPPLIER}$")
                self.assertTrue(package["versionInfo"])
                self.assertEqual("packageVerificationCode" in package, package["filesAnalyzed"])
                for field in ("licenseDeclared", "licenseConcluded"):
                    self.assertRegex(package[field], f"^({LICENSE})$")

    def test_each_file_has_what_the_specification_demands(self):
        for name, file in self.files.items():
            with self.subTest(name):
                self.assertEqual(FILE_FIELDS - file.keys(), set())
                self.assertTrue(file["fileName"].startswith("./"))
                self.assertIn("SHA1", [checksum["algorithm"] for checksum in file["checksums"]])

    def test_each_identifier_is_well_formed_and_there_once(self):
        identifiers = Counter(["SPDXRef-DOCUMENT"])
        identifiers.update(each["SPDXID"] for each in (*self.document["packages"], *self.document["files"]))
        for identifier, times in identifiers.items():
            self.assertRegex(identifier, r"^SPDXRef-[A-Za-z0-9.-]+$")
            self.assertEqual(times, 1, identifier)

    def test_each_relationship_is_of_a_known_kind_and_has_both_ends(self):
        known = {"SPDXRef-DOCUMENT", *self.packages, *(each["SPDXID"] for each in self.document["files"])}
        for each in self.document["relationships"]:
            self.assertIn(each["relationshipType"], RELATIONSHIPS)
            self.assertLessEqual({each["spdxElementId"], each["relatedSpdxElement"]}, known)

    def test_nothing_stands_alone(self):
        used = {each[end] for each in self.document["relationships"] for end in ("spdxElementId", "relatedSpdxElement")}
        self.assertEqual({*self.packages, *(each["SPDXID"] for each in self.document["files"])} - used, set())

    def test_the_document_describes_our_package(self):
        described = [each["relatedSpdxElement"] for each in self.document["relationships"]
                     if each["relationshipType"] == "DESCRIBES"]
        self.assertEqual([self.packages[each]["name"] for each in described], ["netclsd"])
        said = output_of(self.prefix / "bin" / "netclsctl", "--version").strip()
        self.assertEqual(said, f"netclsctl {self.packages[described[0]]['versionInfo']}")

    def test_every_installed_file_is_named_by_its_checksums(self):
        installed = {str(path.relative_to(self.prefix)) for path in self.prefix.rglob("*") if path.is_file()}
        self.assertEqual(set(self.files), installed - {BILL})
        for name, file in self.files.items():
            for checksum in file["checksums"]:
                seen = hashlib.new(checksum["algorithm"].lower(), (self.prefix / name).read_bytes()).hexdigest()
                self.assertEqual(checksum["checksumValue"], seen, name)

    def test_the_verification_code_is_that_of_the_files(self):
        digests = sorted(hashlib.sha1((self.prefix / name).read_bytes()).hexdigest() for name in self.files)
        expected = hashlib.sha1("".join(digests).encode()).hexdigest()
        own = next(each for each in self.document["packages"] if each["name"] == "netclsd")
        self.assertEqual(own["packageVerificationCode"]["packageVerificationCodeValue"], expected)

    def test_every_library_that_a_program_needs_is_named(self):
        for program in PROGRAMS:
            with self.subTest(program):
                self.assertEqual(self.linked(program, "DYNAMIC_LINK"), self.needed_packages(program))

    def needed_packages(self, program):
        """By the loader's own answer, and dpkg's."""
        path = self.prefix / "bin" / program
        needed = re.findall(r"\(NEEDED\).*\[(.+)\]", output_of("readelf", "--wide", "--dynamic", path))
        if not needed:
            return set()
        listing = re.findall(r"^\s+(\S+)(?: => (\S+))? \(", output_of("ldd", path), re.MULTILINE)
        found = {Path(name).name: target or name for name, target in listing}
        paths = {spelling for name in needed for spelling in (found[name], os.path.realpath(found[name]))}
        paths |= {path.removeprefix("/usr") for path in paths}
        answer = subprocess.run(["dpkg-query", "--search", *paths], capture_output=True, text=True).stdout
        return {line.partition(":")[0] for line in answer.splitlines()}

    def test_the_code_that_is_compiled_in_is_named(self):
        for program, expected in CODE_OF.items():
            with self.subTest(program):
                linked = self.linked(program, "STATIC_LINK")
                missing = {each for each in expected if not any(re.fullmatch(each, package) for package in linked)}
                self.assertEqual(missing, set())

    def test_a_scanner_finds_each_debian_package(self):
        os_release = platform.freedesktop_os_release()
        distribution = os_release["ID"]
        release = os_release.get("VERSION_ID") or os_release["VERSION_CODENAME"]
        for package in self.document["packages"]:
            if package["name"] == "netclsd":
                continue
            version = output_of("dpkg-query", "--show", "--showformat", "${Version}", package["name"])
            self.assertEqual(package["versionInfo"], version)
            [reference] = package["externalRefs"]
            self.assertEqual((reference["referenceCategory"], reference["referenceType"]), ("PACKAGE-MANAGER", "purl"))
            self.assertRegex(reference["referenceLocator"], rf"^pkg:deb/{distribution}/[a-z0-9.%B-]+@[A-Za-z0-9.%~-]+"
                             rf"\?arch=\w+&distro={distribution}-{re.escape(release)}$")

    def test_tells_nothing_of_the_machine_that_built_it(self):
        for secret in (str(Path(self.build).resolve()), str(self.prefix), "/root/", "/home/", "/tmp/", os.uname().nodename):
            self.assertNotIn(secret, self.text)

    def test_a_second_installation_gives_the_same_bytes(self):
        with tempfile.TemporaryDirectory() as elsewhere:
            environment = {"SOURCE_DATE_EPOCH": "1700000000"}
            # Python orders a set of strings anew in each process, unless it is given the seed.
            texts = [self.install(Path(elsewhere) / "prefix", PYTHONHASHSEED=str(seed), **environment) for seed in range(3)]
        for text in texts[1:]:
            self.assertMultiLineEqual(texts[0], text)
        self.assertEqual(json.loads(texts[0])["creationInfo"]["created"], "2023-11-14T22:13:20Z")


def main():
    Bill.build = sys.argv[1]
    return run_class(Bill)


if __name__ == "__main__":
    sys.exit(main())
