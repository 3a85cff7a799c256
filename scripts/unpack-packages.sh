#!/bin/bash
# Unpacks packages of another Debian suite into a directory. Installs nothing, and changes nothing of this machine's apt.
#
#   scripts/unpack-packages.sh [OPTION] SUITE DIRECTORY PACKAGE...    (trixie build/suites/trixie containerd)
#
#   --with-dependencies      also all that the packages depend on: a root directory to run programs in
#   --dependencies REGEX     instead of the packages what they depend on, directly or not, if REGEX matches its name: a
#                            kernel, whose packages have its version in their names
#
# The packages come from the mirror from which this machine's apt gets Debian 12, through the same proxy, and apt verifies
# them with Debian's keyring. Prints the versions. Does nothing if the directory has what was asked for, unpacked less than a
# week ago.
set -euo pipefail

usage() { sed -n '2,/^set -euo/{/^set -euo/d; s/^# \{0,1\}//; p}' "$0"; }
[[ "${1:-}" != -h && "${1:-}" != --help ]] || { usage; exit 0; }
with_dependencies='' pattern=''
case "${1:-}" in
  --with-dependencies) with_dependencies=yes; shift ;;
  --dependencies) pattern=${2:-}; [[ -n "$pattern" ]] || { usage >&2; exit 2; }; shift 2 ;;
esac
[[ $# -ge 3 ]] || { usage >&2; exit 2; }
suite=$1
directory=$(realpath -m "$2")
shift 2

made=$directory/.versions
asked="$with_dependencies$pattern $*"
if [[ -n "$(find "$made" -mtime -7 2>/dev/null)" ]] && [[ "$(cat "$directory/.asked" 2>/dev/null)" == "$asked" ]]; then
  cat "$made"
  exit
fi

# shellcheck disable=SC2016  # apt's own placeholder
mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 'Component: main' 'Release: bookworm' | head -n 1)
[[ -n "$mirror" ]] || { echo "unpack-packages.sh: apt knows no mirror of Debian 12" >&2; exit 1; }

mkdir -p "$(dirname "$directory")"
work=$(mktemp -d "$directory.XXXXXX")
trap 'rm -rf --one-file-system "$work"' EXIT
chmod 755 "$work" # _apt fetches
mkdir -p "$work/lists/partial" "$work/cache/archives/partial" "$work/packages" "$work/root"
: >"$work/status"
echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror $suite main" >"$work/sources.list"
chown _apt "$work/packages" 2>/dev/null || true

# Of the suite only its list of packages is read, without translations and what other programs add to apt.
options=(-q -q -o "Dir::Etc::SourceList=$work/sources.list" -o Dir::Etc::SourceParts=/dev/null
  -o Dir::Etc::Preferences=/dev/null -o Dir::Etc::PreferencesParts=/dev/null -o "Dir::State::Lists=$work/lists"
  -o "Dir::State::status=$work/status" -o "Dir::Cache=$work/cache" -o Acquire::Languages=none -o Acquire::Retries=3
  -o Acquire::IndexTargets::deb::DEP-11::DefaultEnabled=false -o Acquire::IndexTargets::deb::Contents-deb::DefaultEnabled=false)
apt_get() {
  if ! (cd "$work/packages" && apt-get "${options[@]}" "$@") >"$work/log" 2>&1; then
    echo "unpack-packages.sh: apt-get $* for $suite failed:" >&2
    tail -n 20 "$work/log" >&2
    exit 1
  fi
}

# With --recurse, a package's own line is not indented. Those with "<" are names that no package has.
dependencies_of() { apt-cache "${options[@]}" depends --recurse --important "$@" | grep -E '^[a-z0-9]' | grep -E -- "$pattern"; }

apt_get update
if [[ -n "$pattern" ]]; then
  mapfile -t found < <(dependencies_of "$@")
  [[ ${#found[@]} -gt 0 ]] || { echo "unpack-packages.sh: $* of $suite depends on nothing that matches $pattern" >&2; exit 1; }
  set -- "${found[@]}"
fi
if [[ -n "$with_dependencies" ]]; then
  apt_get install --yes --download-only --no-install-recommends "$@"
  mv "$work/cache/archives/"*.deb "$work/packages"
  # Debian's base-files has these links; they must be there before another package has files in them.
  for each in bin sbin lib lib64; do mkdir -p "$work/root/usr/$each"; ln -s "usr/$each" "$work/root/$each"; done
else
  apt_get download "$@"
fi
for package in "$work/packages/"*.deb; do
  dpkg-deb --fsys-tarfile "$package" | tar --extract --keep-directory-symlink --directory "$work/root"
  # shellcheck disable=SC2016  # dpkg's own placeholders
  dpkg-deb --show --showformat '${Package} ${Version}\n' "$package"
done >"$work/root/.versions"
echo "$asked" >"$work/root/.asked"
rm -rf --one-file-system "$directory"
mv "$work/root" "$directory"
cat "$made"
