#!/usr/bin/python3
"""Checks what the documents say against the repository: links, paths, metrics, configuration, functions, tests.

    tests/docs/docs_test.py

The last line is `N passed, N failed, N skipped`.
"""

import ast
import itertools
import json
import re
import subprocess
import sys
import unittest
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
sys.dont_write_bytecode = True
sys.path.insert(0, str(REPOSITORY / "tests"))

from summary import run_tests  # noqa: E402  (the path comes first)

SKIPPED_FOLDERS = ("build", ".git")

LINK = re.compile(r"\[[^\]\n]*\]\(([^)\s]+)\)")
CODE = re.compile(r"`([^`\n]+)`")
FENCE = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
PATH = re.compile(r"\.?[A-Za-z0-9_-][A-Za-z0-9_.-]*(/[A-Za-z0-9_.-]+)+/?")
FUNCTION = re.compile(r"((?:[A-Za-z_]\w*::)*[a-z_]\w*)\(\)")
STEP = re.compile(r"^(?:\d+|[A-Z])\. ", re.MULTILINE)


def read(path):
    return (REPOSITORY / path).read_text()


def documents():
    for path in sorted(REPOSITORY.rglob("*.md")):
        relative = path.relative_to(REPOSITORY)
        if relative.parts[0] not in SKIPPED_FOLDERS:
            yield str(relative), path.read_text()


def without_fences(text):
    return FENCE.sub("", text)


def anchors(text):
    """The names that a heading's link has on the usual forges."""
    headings = re.findall(r"^#+ +(.+)$", without_fences(text), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def broken_links(document, text):
    folder = (REPOSITORY / document).parent
    for target in LINK.findall(without_fences(text)):
        if re.match(r"[a-z]+:", target):
            continue
        name, _, anchor = target.partition("#")
        file = folder / name if name else REPOSITORY / document
        if not file.exists():
            yield f"{document}: link to {target}"
        elif anchor and anchor not in anchors(file.read_text()):
            yield f"{document}: link to {target}: no such heading"


def top_level():
    return {path.name for path in REPOSITORY.iterdir()} - set(SKIPPED_FOLDERS)


def expand(token):
    """a.{h,cpp} → a.h, a.cpp"""
    parts = [part.split(",") for part in re.split(r"\{([^{}]*,[^{}]*)\}", token)[1::2]]
    fixed = re.split(r"\{[^{}]*,[^{}]*\}", token)
    for choice in itertools.product(*parts):
        yield "".join(itertools.chain(*itertools.zip_longest(fixed, choice, fillvalue="")))


def missing_paths(document, text, roots):
    for token in CODE.findall(without_fences(text)):
        for path in expand(token.split()[0]):
            is_ours = PATH.fullmatch(path) and path.split("/")[0] in roots
            if is_ours and not (REPOSITORY / path).exists():
                yield f"{document}: `{path}`"


def table_rows(text):
    """The cells of all rows of all tables."""
    for line in text.splitlines():
        if line.startswith("|") and not line.startswith("|---"):
            yield [cell.strip().replace("\\|", "|") for cell in line.strip().strip("|").split("|")]


def first_code(cell):
    found = CODE.match(cell)
    return found.group(1) if found else None


# --- metrics ---

def source_metrics():
    """name → type, as agent/metrics exports them"""
    own = {}
    functions = "family|gauge|gauges_by|counter|counters_by|counters_by_name|counters_by_class|histogram"
    for kind, name in re.findall(rf'\b({functions})\("([a-z_]+)"', read("agent/metrics/agent_metrics.cpp")):
        own["netclsd_" + name] = {"family": "gauge", "gauges_by": "gauge", "counters_by": "counter",
                                  "counters_by_name": "counter", "counters_by_class": "counter"}.get(kind, kind)
    process = re.findall(r'add\(\w+, "(process_[a-z_]+)",[^;]*?MetricType::(\w+)',
                         read("agent/metrics/process_metrics.cpp"))
    return own | {name: kind.lower() for name, kind in process}


def documented_metrics():
    return {name: cells[1] for cells in table_rows(read("docs/metrics.md"))
            if (name := first_code(cells[0])) and re.match(r"netclsd_|process_", name)}


def source_labels():
    """metric → (label, its closed values)"""
    arrays = re.findall(r"constexpr std::array (k\w+) = \{([^}]*)\};", read("agent/metrics/counters.h"))
    values = {name: re.findall(r'"([\w-]+)"', body) for name, body in arrays}
    calls = re.findall(r'(?:counters|gauges)_by\("(\w+)",\s*"(?:[^"\\]|\\.)*",\s*"(\w+)",\s*(k\w+)',
                       read("agent/metrics/agent_metrics.cpp"))
    return {"netclsd_" + metric: (label, values[array]) for metric, label, array in calls}


def documented_labels():
    labels = {}
    for cells in table_rows(read("docs/metrics.md")):
        words = CODE.findall(cells[2]) if len(cells) > 2 and ":" in cells[2] else []
        if words and first_code(cells[0]):
            labels[first_code(cells[0])] = (words[0], words[1:])
    return labels


def source_buckets():
    bounds = re.search(r"kBounds_us = \{(.*?)\};", read("agent/metrics/counters.h"), re.DOTALL).group(1)
    return [float(bound) for bound in bounds.split(",")]


def documented_buckets():
    text = re.search(r"upper bounds in µs: (.*?), and \+Inf", read("docs/metrics.md"), re.DOTALL).group(1)
    return [float(bound) for bound in text.split(",")]


# --- configuration ---

def schema_keys(schema, prefix=""):
    """key → its default as JSON, None without one"""
    keys = {}
    for name, value in schema["properties"].items():
        if "properties" in value:
            keys |= schema_keys(value, prefix + name + ".")
        else:
            keys[prefix + name] = json.dumps(value["default"]) if "default" in value else None
    return keys


def documented_keys():
    """Of the table of keys; that of the flags begins with a flag."""
    return {key: first_code(cells[1]) for cells in table_rows(read("docs/configuration.md"))
            if (key := first_code(cells[0])) and not key.startswith("--")}


def source_flags():
    return dict(re.findall(r'\{"(--[a-z-]+)", "([a-z_.]+)",', read("agent/config/command_line.cpp")))


def documented_flags():
    return {flag.split()[0]: first_code(cells[1]) for cells in table_rows(read("docs/configuration.md"))
            if (flag := first_code(cells[0])) and flag.startswith("--")}


def restart_keys():
    return set(re.findall(r'compare\("([a-z_.]+)"', read("agent/config/config.cpp")))


def documented_restart_keys():
    return {first_code(cells[0]) for cells in table_rows(read("docs/configuration.md"))
            if len(cells) > 2 and cells[2] == "restart"}


# --- fault points ---

def source_fault_points():
    """enumerators without their k, and names"""
    body = re.search(r"enum class FaultPoint \{(.*?)kEnd,", read("common/base/fault_point.h"), re.DOTALL).group(1)
    names = re.search(r"kNames = \{(.*?)\};", read("common/base/fault_point.cpp"), re.DOTALL).group(1)
    return re.findall(r"\bk(\w+)", body), re.findall(r'"(\w+)"', names)


def documented_fault_points():
    section = read("docs/reliability.md").split("## Fault points\n")[1].split("\n## ")[0]
    return {name for cells in table_rows(section) for name in CODE.findall(cells[0])}


# --- tests ---

def python_tests(folder):
    """MODULE, MODULE.CLASS.test_… of all tests that unittest would find there"""
    names = set()
    for file in (REPOSITORY / folder).glob("test_*.py"):
        names.add(file.stem)
        for made in ast.parse(file.read_text()).body:
            if isinstance(made, ast.ClassDef):
                names |= {f"{file.stem}.{made.name}.{each.name}" for each in made.body
                          if isinstance(each, ast.FunctionDef) and each.name.startswith("test_")}
    return names


def gtest_tests():
    """SUITE.TEST of all files that a CMakeLists.txt names"""
    names = set()
    for file in (REPOSITORY / "tests").rglob("*_test.cpp"):
        names |= {f"{suite}.{test}" for suite, test in
                  re.findall(r"^(?:TEST|TEST_F|TEST_P)\((\w+),\s*(\w+)\)", file.read_text(), re.MULTILINE)}
    return names


def is_a_test(name, known):
    """Of the two kinds above, a fuzzer, or a test that is a program of its own."""
    if "/" in name:
        return (REPOSITORY / name).exists()
    return name in known or (REPOSITORY / f"tests/fuzz/{name}.cpp").exists()


def claims(document):
    """(first cell, names of the tests) of each row of the tables whose last column is "shown by"."""
    is_wanted = False
    for line in document.splitlines():
        cells = next(table_rows(line), None)
        if cells is None:
            is_wanted = is_wanted and line.startswith("|")
        elif cells[-1] == "shown by":
            is_wanted = True
        elif is_wanted:
            yield cells[0], CODE.findall(cells[-1])


# --- netclsctl doctor ---

def source_checks():
    """check → the states besides ok that its function can find"""
    sources = "".join(path.read_text() for path in sorted((REPOSITORY / "cli/doctor").glob("*_checks.cpp")))
    bodies = dict(re.findall(r"^Finding (judge_\w+)\(.*?\) \{\n(.*?)^\}", sources, re.MULTILINE | re.DOTALL))
    table = re.findall(r'Check\{"([^"]+)", (judge_\w+)\}', read("cli/doctor/checks.h"))
    return {name: [state for state in ("warn", "fail") if re.search(rf"\b{state}\(", bodies[function])]
            for name, function in table}


def documented_checks():
    return {first_code(cells[0]): [state for state, cell in zip(("warn", "fail"), cells[1:3]) if cell]
            for cells in table_rows(read("docs/doctor.md")) if len(cells) == 4 and first_code(cells[0])}


# --- constants and functions ---

def missing_constants(document):
    """Rows `kName` | value | `file`: the file has the constant."""
    for cells in table_rows(read(document)):
        name, path = first_code(cells[0]), first_code(cells[-1])
        if name and re.fullmatch(r"k[A-Z]\w*", name) and path:
            if not (REPOSITORY / path).exists() or not re.search(rf"\b{name}\b.*[={{]", read(path)):
                yield f"{document}: {name} is not in {path}"


def steps(text):
    begins = [found.start() for found in STEP.finditer(text)] + [len(text)]
    for begin, end in zip(begins, begins[1:]):
        yield text[begin:end].split("\n## ")[0]


def has_function(source, name):
    """Class::function as it stands, or in the class's body; the call operator need not follow at once: templates."""
    *scope, function = name.split("::")
    if not scope:
        return re.search(rf"\b{function}\(", source) is not None
    if re.search(rf"\b{re.escape(name)}\(", source):
        return True
    return re.search(rf"\b(class|struct) {scope[-1]}\b", source) is not None and f" {function}(" in source


def wrong_functions(document, text):
    for step in steps(text):
        head = step.split()[0]
        tokens = CODE.findall(step)
        files = [token for token in tokens if PATH.fullmatch(token) and token.endswith((".h", ".cpp"))]
        sources = [read(file) for file in files if (REPOSITORY / file).exists()]
        for token in tokens:
            name = FUNCTION.fullmatch(token)
            if name and not any(has_function(source, name.group(1)) for source in sources):
                yield f"{document}, step {head}: {token} is in none of {', '.join(files) or 'no file'}"


def files_of(text, numbers):
    """The sources that these steps of the walk name."""
    chosen = [step for step in steps(text) if step.split()[0] in {f"{number}." for number in numbers}]
    return {token for step in chosen for token in CODE.findall(step)
            if PATH.fullmatch(token) and token.endswith((".h", ".cpp"))}


class Documents(unittest.TestCase):
    maxDiff = None

    def test_every_relative_link_leads_somewhere(self):
        self.assertEqual([line for each in documents() for line in broken_links(*each)], [])

    def test_every_path_in_backticks_exists(self):
        roots = top_level()
        self.assertEqual([line for each in documents() for line in missing_paths(*each, roots)], [])

    def test_there_are_documents_and_they_name_paths(self):
        roots = top_level()
        tokens = [token for _, text in documents() for token in CODE.findall(text)
                  if PATH.fullmatch(token) and token.split("/")[0] in roots]
        self.assertGreater(len(tokens), 100)

    def test_scripts_in_commands_exist(self):
        names = {name for _, text in documents() for name in re.findall(r"^ *(scripts/[\w.-]+)", text, re.MULTILINE)}
        self.assertEqual([name for name in sorted(names) if not (REPOSITORY / name).exists()], [])
        self.assertGreater(len(names), 2)

    def test_documents_that_sources_name_exist(self):
        folders = ("agent", "common", "hook", "nri", "cli", "tests", "scripts")
        sources = subprocess.run(["grep", "-rhoE", "--exclude=docs_test.py", r"docs/[a-z/0-9-]+\.md", *folders],
                                 cwd=REPOSITORY, capture_output=True, text=True).stdout.split()
        self.assertGreater(len(sources), 3)
        self.assertEqual([name for name in sorted(set(sources)) if not (REPOSITORY / name).exists()], [])

    def test_json_examples_are_json(self):
        examples = [body for _, text in documents() for body in re.findall(r"^```json\n(.*?)^```$", text, re.M | re.S)]
        for body in examples:
            with self.subTest(body):
                json.loads(body if body.startswith(("{", "[")) else "{" + body + "}")
        self.assertGreater(len(examples), 5)

    def test_every_decision_is_listed(self):
        files = {path.name for path in (REPOSITORY / "docs/adr").glob("0*.md")}
        self.assertEqual(set(re.findall(r"\((0[^)]*\.md)\)", read("docs/adr/README.md"))), files)


class Metrics(unittest.TestCase):
    maxDiff = None

    def test_names_and_types_are_those_of_the_source(self):
        self.assertEqual(documented_metrics(), source_metrics())
        self.assertGreater(len(documented_metrics()), 20)

    def test_labels_are_those_of_the_source(self):
        self.assertEqual(documented_labels(), source_labels())

    def test_buckets_are_those_of_the_source(self):
        self.assertEqual(documented_buckets(), source_buckets())

    def test_every_metric_named_anywhere_exists(self):
        known = set(source_metrics())
        named = {(document, name) for document, text in documents()
                 for name in re.findall(r"\bnetclsd_(?!version\b|demo\b)[a-z_]+[a-z]\b", text)}
        unknown = {each for each in named if re.sub(r"_(bucket|sum|count)$", "", each[1]) not in known}
        self.assertEqual(unknown, set())


class Configuration(unittest.TestCase):
    maxDiff = None

    def test_keys_and_defaults_are_those_of_the_schema(self):
        self.assertEqual(documented_keys(), schema_keys(json.loads(read("config/config.schema.json"))))

    def test_flags_are_those_of_the_command_line(self):
        self.assertEqual(documented_flags(), source_flags())

    def test_keys_that_need_a_restart_are_those_of_the_source(self):
        self.assertEqual(documented_restart_keys(), restart_keys())


class FaultPoints(unittest.TestCase):
    def test_each_is_named_like_its_enumerator(self):
        enumerators, names = source_fault_points()
        self.assertEqual([name.title().replace("_", "") for name in names], enumerators)
        self.assertGreater(len(names), 10)

    def test_documented_are_those_of_the_source(self):
        self.assertEqual(documented_fault_points(), set(source_fault_points()[1]))


class Doctor(unittest.TestCase):
    maxDiff = None

    def test_documented_checks_and_their_states_are_those_of_the_source(self):
        self.assertEqual(documented_checks(), source_checks())
        self.assertGreater(len(source_checks()), 20)


class Code(unittest.TestCase):
    maxDiff = None

    def test_limits_are_where_the_document_says(self):
        self.assertEqual(list(missing_constants("docs/architecture.md")), [])

    def test_functions_of_the_walk_are_in_the_files_it_names(self):
        document = "docs/life-of-a-container.md"
        self.assertEqual(list(wrong_functions(document, read(document))), [])

    def test_a_registration_and_a_fork_go_through_few_files(self):
        text = read("docs/life-of-a-container.md")
        self.assertLessEqual(len(files_of(text, range(6, 14))), 25)
        self.assertIn(f"Steps 6 to 13 go through {len(files_of(text, range(6, 14)))} files.", text)
        self.assertLessEqual(len(files_of(text, range(15, 17))), 8)

    def test_the_walk_names_functions(self):
        tokens = CODE.findall(read("docs/life-of-a-container.md"))
        self.assertGreater(sum(1 for token in tokens if FUNCTION.fullmatch(token)), 60)


class Security(unittest.TestCase):
    maxDiff = None

    def test_every_row_names_tests_that_exist(self):
        known = python_tests("tests/e2e") | gtest_tests()
        rows = list(claims(read("docs/security.md")))
        self.assertEqual([attack for attack, names in rows if not names], [], "rows without a test")
        self.assertEqual([name for _, names in rows for name in names if not is_a_test(name, known)], [])
        self.assertGreater(len(rows), 40)

    def test_the_security_tests_are_all_named(self):
        named = {name for _, names in claims(read("docs/security.md")) for name in names}
        ours = {name for name in python_tests("tests/e2e") if name.startswith("test_security_") and "." in name}
        self.assertEqual(ours - named, set())


class TheChecksThemselves(unittest.TestCase):
    def test_find_a_dead_link(self):
        self.assertTrue(list(broken_links("README.md", "[a](docs/none.md)")))
        self.assertTrue(list(broken_links("README.md", "[a](#no-such-heading)")))
        self.assertEqual(list(broken_links("README.md", "[a](LICENSE) [b](https://example.org/c)")), [])

    def test_find_a_missing_path(self):
        roots = top_level()
        self.assertTrue(list(missing_paths("a.md", "`agent/none.cpp`", roots)))
        self.assertTrue(list(missing_paths("a.md", "`agent/agent.{h,hpp}`", roots)))
        self.assertEqual(list(missing_paths("a.md", "`agent/agent.{h,cpp}` `netclsd/ID` `/etc/none`", roots)), [])

    def test_find_a_test_that_is_none(self):
        known = python_tests("tests/e2e") | gtest_tests()
        for name in ("test_members.ForkStorm.test_x", "test_none", "ContainerIdTest.None", "none_fuzz", "tests/none"):
            self.assertFalse(is_a_test(name, known), name)
        for name in ("test_members", "ContainerIdTest.RefusesWhatIsNoFileName", "tests/docs/docs_test.py"):
            self.assertTrue(is_a_test(name, known), name)
        self.assertEqual(list(claims("| a | shown by |\n|---|---|\n| b | `c`, `d` |\n\n| e | f |\n| g | `h` |")),
                         [("b", ["c", "d"])])

    def test_find_a_wrong_function(self):
        self.assertTrue(list(wrong_functions("a.md", "1. `agent/agent.cpp`: `Agent::none()`")))
        self.assertTrue(list(wrong_functions("a.md", "1. `agent/agent.cpp`.\n2. `Agent::run()`")))
        self.assertEqual(list(wrong_functions("a.md", "1. `agent/agent.cpp`: `Agent::run()`")), [])


if __name__ == "__main__":
    run_tests()
