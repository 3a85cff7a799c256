#!/usr/bin/python3
"""CI compiles the sources of a folder as one file. Finds two of them that define the same name, before a compiler does.

    tests/layers/unity_test.py

A file that NETCLSD_COMPILED_ALONE (cmake/NetclsdTargets.cmake) lists is compiled alone, so it collides with nobody.
"""

import re
import sys
import unittest
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(REPOSITORY / "tests"))
sys.dont_write_bytecode = True

from layers.definitions import collide, definitions  # noqa: E402
from summary import run_tests  # noqa: E402

FOLDERS = ("agent", "common", "hook", "nri", "cli", "tests/unit", "tests/sim", "tests/kernel")
COMMAND = re.compile(r"^\s*(\w+)\(([^()]*)\)", re.MULTILINE)
# The targets that these commands make are compiled by folder, all others as one file.
BY_FOLDER = ("netclsd_library",)
MAKERS = (*BY_FOLDER, "netclsd_program", "netclsd_static_program", "add_executable", "add_library", "target_sources")


def commands(text):
    for name, body in COMMAND.findall(re.sub(r"#[^\n]*", "", text)):
        yield name, body.split()


def compiled_alone(text):
    return next(set(words[1:]) for name, words in commands(text) if words[:1] == ["NETCLSD_COMPILED_ALONE"])


def compiled_together(cmake_files, alone):
    """(target, folder) → the files that are one for the compiler. `cmake_files`: (folder, text) of each."""
    made = [(folder, *command) for folder, text in cmake_files for command in commands(text)]
    by_folder = {words[0] for _, name, words in made if name in (*BY_FOLDER, "netclsd_compiled_by_folder") and words}
    groups = {}
    for folder, name, words in made:
        if name not in MAKERS:
            continue
        for word in words[1:]:
            path = f"{folder}/{word}"
            if word.endswith(".cpp") and "$" not in word and path not in alone:
                parent = path.rpartition("/")[0] if words[0] in by_folder else ""
                groups.setdefault((words[0], parent), []).append(path)
    return groups


def collisions(files, headers=()):
    """One line for each name that two files define, or that is local to a file and in a header. Both: path → text."""
    seen = {}
    for path, text in dict(headers).items():
        for each in definitions(text):
            seen.setdefault((each.scope, each.name), []).append((path, each))
    for path, text in files.items():
        mine = [each for each in definitions(text) if not each.is_declaration]
        for each in mine:
            for other_path, other in seen.get((each.scope, each.name), []):
                if (other_path not in headers or each.is_local) and collide(each, other):
                    yield f"{path}: {each.name} is in {other_path}, too: rename one, or compile the file alone"
        for each in mine:
            seen.setdefault((each.scope, each.name), []).append((path, each))


def texts(paths):
    return {path: (REPOSITORY / path).read_text() for path in paths}


def headers_beside(paths):
    """Those that go by the name of one of the files, so that it surely includes them."""
    return [header for header in (path.removesuffix(".cpp") + ".h" for path in paths) if (REPOSITORY / header).exists()]


def tree():
    files = [path for folder in FOLDERS for path in sorted((REPOSITORY / folder).rglob("CMakeLists.txt"))]
    texts = [(str(path.parent.relative_to(REPOSITORY)), path.read_text()) for path in files]
    alone = compiled_alone((REPOSITORY / "cmake/NetclsdTargets.cmake").read_text())
    return compiled_together(texts, alone), alone


class Sources(unittest.TestCase):
    maxDiff = None

    def test_no_two_files_that_are_compiled_as_one_define_the_same(self):
        groups, _ = tree()
        self.assertEqual([line for paths in groups.values()
                          for line in collisions(texts(paths), texts(headers_beside(paths)))], [])

    def test_every_source_is_in_a_group_or_compiled_alone(self):
        groups, alone = tree()
        known = alone.union(*groups.values())
        every = {str(path.relative_to(REPOSITORY)) for folder in FOLDERS for path in (REPOSITORY / folder).rglob("*.cpp")}
        self.assertEqual(every - known, set())

    def test_files_that_are_compiled_alone_exist(self):
        self.assertEqual([path for path in sorted(tree()[1]) if not (REPOSITORY / path).exists()], [])


def local(text):
    return f"namespace netclsd {{\nnamespace {{\n{text}\n}}  // namespace\n}}\n"


class TheCheckItself(unittest.TestCase):
    def found(self, one, other):
        return [line.split(" ")[1] for line in collisions({"a.cpp": one, "b.cpp": other})]

    def test_finds_what_two_files_define(self):
        for text, name in (
                ("constexpr std::size_t kMax = 16U << 20;", "kMax"),
                ("const std::regex kLine(\"a(b\");", "kLine"),
                ("constexpr std::array<std::pair<int, F (*)(int)>, 2> kKeys = {{{1, f}, {2, g}}};", "kKeys"),
                ("std::atomic<bool> is_running{false};", "is_running"),
                ("bool is_word(char c) { return c == '}' || c == '\"'; }", "is_word"),
                ("[[nodiscard]] std::map<int, std::string> read(const std::string& path) {\n  return {};\n}", "read"),
                ("template <typename T> requires (sizeof(T) > 1)\nvoid each(const T& all) {}", "each"),
                ("struct Close {\n  void operator()(DIR* d) const { closedir(d); }\n};", "Close"),
                ("class Walk final : public CgroupWalk {\n public:\n  explicit Walk(int a) : a_{a}, b_(a) {}\n};", "Walk"),
                ("enum class Kind { kOne, kTwo };", "Kind"),
                ("enum Kind { kOne };", "Kind"),
                ("struct stat look(int fd) { return {}; }", "look"),
                ("std::ostream& operator<<(std::ostream& out, Pid pid) { return out; }", "operator<<"),
                ("TEST(WalkTest, Ends) {\n  EXPECT_TRUE(x);\n}", "WalkTest.Ends"),
                ("MATCHER_P(IsAt, path, \"\") { return arg == path; }", "IsAt")):
            with self.subTest(text):
                self.assertIn(name, self.found(local(text), local(text)))

    def test_the_same_function_with_other_names_of_its_parameters(self):
        self.assertEqual(self.found(local("int f(const std::string& a, const int b) { return 1; }"),
                                    local("int f(const std::string& c, int) { return 2; }")), ["f"])

    def test_default_arguments_make_two_functions_one(self):
        self.assertEqual(self.found(local("P at(const std::string& a, int b = 1) { return {}; }"),
                                    local("P at(const std::string& a, int b = 1, int c = 2) { return {}; }")), ["at"])

    def test_a_file_local_name_and_one_of_a_header(self):
        header = {"b.h": "namespace netclsd {\nint f(int a);\ninline constexpr int kMax = 1;\n}"}
        for text, found in ((local("int f(int b) { return 1; }"), 1), (local("constexpr int kMax = 2;"), 1),
                            (local("int f(long b) { return 1; }"), 0), ("namespace netclsd {\nint f(int b) { return 1; }\n}", 0)):
            with self.subTest(text):
                self.assertEqual(len(list(collisions({"a.cpp": text}, header))), found)

    def test_a_file_local_name_and_one_for_everybody(self):
        self.assertEqual(self.found(local("int f() { return 1; }"), "namespace netclsd {\nint f() { return 2; }\n}"), ["f"])

    def test_what_stands_behind_a_constructor_with_a_list_of_members(self):
        behind = "namespace netclsd {\nWalk::Walk(int a) : A<int>{a}, b_(a), c_{} {\n  go();\n}\nint f() { return 1; }\n}"
        self.assertEqual(self.found(behind, local("int f() { return 2; }")), ["f"])

    def test_what_stands_behind_text_with_brackets(self):
        self.assertEqual(self.found(local("constexpr auto kText = R\"x({(\")x\";  // {\nint f() { return 1'000; }"),
                                    local("int f() { return 2; }")), ["f"])

    def test_lets_be_what_may_be_twice(self):
        for one, other in (("int f(int a) { return 1; }", "int f(long a) { return 1; }"),
                           ("int f(const A& a) { return 1; }", "int f(A& a) { return 1; }"),
                           ("int f(int a, int b) { return 1; }", "int f(int a) { return 1; }"),
                           ("int f(int a);", "int f(int a) { return 1; }"),
                           ("struct Later;", "struct Later { int a; };"),
                           ("using Json = nlohmann::json;", "using Json = nlohmann::json;"),
                           ("void A::f() {}", "void B::f() {}"),
                           ("struct A { static constexpr int kMax = 1; };", "struct B { static constexpr int kMax = 2; };"),
                           ("void f() { constexpr int kMax = 1; }", "void g() { constexpr int kMax = 1; }"),
                           ("TEST(ATest, One) { int a; }", "TEST(ATest, Two) { int a; }")):
            with self.subTest(one):
                self.assertEqual(self.found(local(one), local(other)), [])
        self.assertEqual(self.found("namespace a {\nint f() { return 1; }\n}", "namespace b {\nint f() { return 1; }\n}"), [])

    def test_reads_what_is_compiled_together(self):
        text = ("netclsd_library(x SOURCES a.cpp b.cpp alone.cpp PUBLIC y)  # c.cpp\nadd_executable(t p.cpp in/q.cpp)\n"
                "add_executable(u r.cpp in/s.cpp)\nnetclsd_compiled_by_folder(u)\n")
        self.assertEqual(compiled_together([("agent", text)], {"agent/alone.cpp"}),
                         {("x", "agent"): ["agent/a.cpp", "agent/b.cpp"], ("t", ""): ["agent/p.cpp", "agent/in/q.cpp"],
                          ("u", "agent"): ["agent/r.cpp"], ("u", "agent/in"): ["agent/in/s.cpp"]})
        self.assertEqual(compiled_alone("set(NETCLSD_COMPILED_ALONE\n  a/b.cpp c/d.cpp)\n"), {"a/b.cpp", "c/d.cpp"})


if __name__ == "__main__":
    run_tests()
