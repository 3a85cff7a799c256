#!/bin/bash
# Finds mistakes without running anything.
#
#   scripts/lint.sh [--fix] [--all] [--quick] [FILE…]
#
#   without FILE  every C++ file and every script; clang-tidy only on C++ sources that differ from the main branch
#   --all         clang-tidy on every C++ source: a quarter of an hour on two cores
#   --quick       without clang-tidy
#   --fix         formats the files instead of reporting their format
#
# cpplint says which of the standard library's headers a file uses and does not include. An include of ours that it lacks is an
# error in each build that compiles each file alone. In CI no build does: there a third of the files, by the commit, is
# compiled alone here, without an object.
#
# Tools: clang-format; clang; cpplint; cppcheck (.cppcheck-suppressions says what is ignored, and why); shellcheck; clang-tidy with its static
# analyzer (.clang-tidy). What clang-format and cppcheck say depends on their version: those of Debian 12 decide, and others are
# skipped. The last line is `N passed, N failed, N skipped`: one for each tool, and one for each file that
# clang-tidy has read. MAIN names the main branch (default: origin/main), JOBS sets how many clang-tidy run at a time.
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=scripts/common.sh
. scripts/common.sh

fix='' all='' quick=''
files=()
while [[ $# -gt 0 ]]; do
  case "$1" in
    --fix) fix=yes ;;
    --all) all=yes ;;
    --quick) quick=yes ;;
    -h | --help) usage; exit 0 ;;
    -*) echo "lint.sh: unknown option \"$1\"" >&2; usage >&2; exit 2 ;;
    *) files+=("$1") ;;
  esac
  shift
done

passed=0 failed=0 skipped=0
output=$(mktemp -d)
trap 'rm -rf "$output"' EXIT

check() {
  local what=$1 began=$SECONDS
  shift
  if "$@" >"$output/said" 2>&1; then
    echo "$what ... passed ($((SECONDS - began)) s)"
    passed=$((passed + 1))
  else
    echo "$what ... FAILED"
    head -n 200 "$output/said"
    failed=$((failed + 1))
  fi
}

# decides TOOL VERSION
decides() {
  local found
  found=$("$1" --version | grep -oE '[0-9]+(\.[0-9]+)+' | head -n 1 || true)
  [[ "$found." != "$2".* ]] || return 0
  echo "$1 ... skipped: Debian 12's version $2 decides, and here is ${found:-none}"
  skipped=$((skipped + 1))
  return 1
}

# The tracked files, or those asked for, whose names match one of the patterns.
matching() {
  if [[ ${#files[@]} -gt 0 ]]; then git ls-files -- "${files[@]}"; else git ls-files; fi | grep -E "$1" || true
}

# Scripts are recognised by their first line. The chart's run by `sh -c` and have none.
shell_scripts() {
  local file first
  while read -r file; do
    read -r first 2>/dev/null <"$file" || true
    if [[ "$first" =~ ^\#\!.*[/\ ](ba|da)?sh ]]; then echo "$file"; fi
  done < <(matching '^[^.]*$|\.sh$|^\.ci/run$')
}

format() { if [[ -n "$fix" ]]; then xargs -r clang-format -i; else xargs -r clang-format --dry-run -Werror; fi; }

check_format() { matching '\.(h|cpp)$' | format; }

# Product and helper programs. Findings in the code of gtest's macros would only be noise.
check_cppcheck() {
  local sources
  mapfile -t sources < <(matching '^(agent|carry|cli|common|hook|nri|tests/support|tests/fuzz|bench)/.*\.cpp$')
  [[ ${#sources[@]} -eq 0 ]] && return
  cppcheck --std=c++20 --language=c++ --library=posix --quiet --error-exitcode=1 --inline-suppr -j "${JOBS:-$(nproc)}" \
    --enable=warning,performance,portability,style --suppressions-list=.cppcheck-suppressions \
    --template='{file}:{line}: {severity}: {message} [{id}]' -I . -I build/tidy/generated "${sources[@]}"
}

# The programs' sources and headers.
product() { matching "^(agent|carry|cli|common|hook|nri)/.*\\.($1)\$"; }

# The headers that most files read are compiled once; cpplint answers for the standard library's.
check_compiled_alone() {
  local turn=$1 generated=build/dev/generated flags large=$output/large.h
  flags=(-std=c++20 -D_GLIBCXX_ASSERTIONS -fpch-instantiate-templates -I. "-I$generated")
  product 'h|cpp' | xargs -r grep -hE '^#include <([a-z_]+|nlohmann/json.hpp|tl/expected.hpp)>$' | sort -u >"$large"
  clang++ "${flags[@]}" -x c++-header -o "$large.pch" "$large" || return
  product cpp | awk -v turn="$turn" 'NR % 3 == turn' |
    xargs -r -n 4 -P "${JOBS:-$(nproc)}" clang++ "${flags[@]}" -include-pch "$large.pch" -fsyntax-only
}

check_standard_headers() {
  product 'h|cpp' | xargs -r cpplint --quiet --filter=-,+build/include_what_you_use --extensions=h,cpp
}

check_scripts() {
  shell_scripts | xargs -r shellcheck -x || return  # -e is off here: check asks for the status
  matching '^charts/.*/files/.*\.sh$' | xargs -r shellcheck --shell=bash
}

changed_sources() {
  local main=${MAIN:-origin/main}
  if [[ -n "$all" || ${#files[@]} -gt 0 ]]; then matching '\.cpp$'; return; fi
  { git diff --name-only --diff-filter=d "$main" -- '*.cpp' && git ls-files -o --exclude-standard -- '*.cpp'; } | sort -u
}

# Only files that the build knows; not, for example, those of a program for another machine.
tidy_one() {
  if clang-tidy -p build/tidy --quiet "$1" >"$2/$$" 2>"$2/$$.errors"; then
    echo "clang-tidy $1 ... passed"
  else
    echo "clang-tidy $1 ... FAILED"
    cat "$2/$$"
    [[ -s "$2/$$" ]] || cat "$2/$$.errors"
  fi
}
export -f tidy_one

check_tidy() {
  local file
  if ! { cmake --preset tidy && cmake --build --preset tidy --target hook_filter nri_filter carry_program; } >"$output/configure" 2>&1; then
    cat "$output/configure"
    failed=$((failed + 1))
    return
  fi
  while read -r file; do
    if grep -qF "\"file\": \"$PWD/$file\"" build/tidy/compile_commands.json; then echo "$file"; fi
  done < <(changed_sources) >"$output/tidy-files"
  xargs -r -a "$output/tidy-files" -P "${JOBS:-$(nproc)}" -I '{}' bash -c 'tidy_one "$@"' tidy '{}' "$output" |
    tee "$output/tidy"
  passed=$((passed + $(grep -c '^clang-tidy .* passed$' "$output/tidy" || true)))
  failed=$((failed + $(grep -c '^clang-tidy .* FAILED$' "$output/tidy" || true)))
}

if decides clang-format 14; then check "clang-format" check_format; fi
turn=$(ci_turn)
if [[ -n "$turn" ]]; then check "files compiled alone, a third" check_compiled_alone "$turn"; fi
check "standard headers (cpplint)" check_standard_headers
if decides cppcheck 2.10; then check "cppcheck" check_cppcheck; fi
check "shellcheck" check_scripts
if [[ -z "$quick" ]]; then check_tidy; fi
echo "$passed passed, $failed failed, $skipped skipped"
[[ $failed -eq 0 ]]
