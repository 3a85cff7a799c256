#!/bin/bash
# Checks what a release build installs: check-install.sh BUILD_DIRECTORY [EMULATOR…]
# The emulator runs programs of another architecture.
# The last line is `N passed, N failed, N skipped`.
set -euo pipefail
build=$1
emulator=("${@:2}")
sources=$(dirname "$0")/..
directory=$(mktemp -d)
trap 'rm -rf "$directory"' EXIT
passed=0 failed=0

check() {
  local what=$1
  shift
  if "$@" >"$directory/output" 2>&1; then
    echo "$what ... passed"
    passed=$((passed + 1))
  else
    echo "$what ... FAILED"
    cat "$directory/output"
    failed=$((failed + 1))
  fi
}

is_static() { file "$1" | tee /dev/stderr | grep -q 'static-pie linked'; }

# In a release no environment variable may cause a failure.
has_no_fault_points() {
  local names
  names=$(sed -n '/ kNames = {/,/};/p' "$sources/common/base/fault_point.cpp" | grep -o '"[a-z_]*"' | tr -d '"')
  [[ $(wc -w <<<"$names") -gt 10 ]] || { echo "the points' names were not found"; return 1; }
  "$(sed -n 's/^CMAKE_STRIP:FILEPATH=//p' "$build/CMakeCache.txt")" --strip-all -o "$directory/stripped" "$1" || return 1  # names in debug information cannot be switched
  # Whole words only: the static C library has a function __tzfile_read, which is no fault point.
  ! strings -a "$directory/stripped" | grep -F -w -e NETCLSD_FAULTS -f <(echo "$names")
}

check "cmake --install $build --prefix DIR" cmake --install "$build" --prefix "$directory/prefix"
for program in netclsd netclsd-carrier netclsd-hook netclsd-nri netclsctl; do
  check "DIR/bin/$program --version" "${emulator[@]}" "$directory/prefix/bin/$program" --version
done
for program in netclsd netclsd-carrier netclsd-hook netclsd-nri netclsctl; do
  check "DIR/bin/$program has no fault points" has_no_fault_points "$directory/prefix/bin/$program"
done
for program in netclsd netclsd-carrier netclsd-nri; do
  check "DIR/lib/systemd/system/$program.service starts $program" \
    grep -q "^ExecStart=$directory/prefix/bin/$program$" "$directory/prefix/lib/systemd/system/$program.service"
done
for program in netclsd-hook netclsd-hook-stub netclsd-nri netclsctl; do
  check "DIR/bin/$program is static" is_static "$directory/prefix/bin/$program"
done
# Not the installed ones: the checks need symbols.
check "programs are hardened" "$sources/scripts/check_hardening.py" "$build"/bin/{netclsd,netclsd-carrier,netclsd-hook,netclsd-hook-stub,netclsd-nri,netclsctl}
for file in config.json config.schema.json alerts.yaml dashboard.json netclsd.spdx.json; do
  check "DIR/share/netclsd/$file" test -s "$directory/prefix/share/netclsd/$file"
done
echo "$passed passed, $failed failed, 0 skipped"
[[ $failed -eq 0 ]]
