#!/bin/bash
# Unpacks packages of another Debian suite into a directory. Installs nothing, and changes nothing of this machine's apt.
#
#   scripts/unpack-packages.sh [OPTION]... SUITE DIRECTORY PACKAGE...    (trixie build/suites/trixie containerd)
#
#   --with-dependencies      also all that the packages depend on: a root directory to run programs in, or to compile for.
#                            It has dpkg's records, for `dpkg-query --admindir DIRECTORY/var/lib/dpkg`
#   --dependencies REGEX     instead of the packages what they depend on, directly or not, if REGEX matches its name: a
#                            kernel, whose packages have its version in their names
#   --architecture NAME      packages of another architecture than this machine's: arm64
#
# The packages come from the mirror from which this machine's apt gets Debian, through the same proxy, and apt verifies
# them with Debian's keyring. Those of its own suite come with the updates that it gets, too. Prints the versions. Does
# nothing if the directory has what was asked for, unpacked less than a week ago.
set -euo pipefail

usage() { sed -n '2,/^set -euo/{/^set -euo/d; s/^# \{0,1\}//; p}' "$0"; }
[[ "${1:-}" != -h && "${1:-}" != --help ]] || { usage; exit 0; }
with_dependencies='' pattern='' architecture=''
while [[ "${1:-}" == --* ]]; do
  case "$1" in
    --with-dependencies) with_dependencies=yes ;;
    --dependencies) pattern=${2:-}; [[ -n "$pattern" ]] || { usage >&2; exit 2; }; shift ;;
    --architecture) architecture=${2:-}; [[ -n "$architecture" ]] || { usage >&2; exit 2; }; shift ;;
    *) usage >&2; exit 2 ;;
  esac
  shift
done
[[ $# -ge 3 ]] || { usage >&2; exit 2; }
suite=$1
directory=$(realpath -m "$2")
shift 2

made=$directory/.versions
asked="$with_dependencies$pattern $*${architecture:+ for $architecture}"
if [[ -n "$(find "$made" -mtime -7 2>/dev/null)" ]] && [[ "$(cat "$directory/.asked" 2>/dev/null)" == "$asked" ]]; then
  cat "$made"
  exit
fi

# What this machine has of its own suite: lines with a mirror and bookworm, bookworm-updates or bookworm-security, if it is
# Debian 12.
own=$(sed -n 's/^VERSION_CODENAME=//p' /etc/os-release)
# shellcheck disable=SC2016  # apt's own placeholders
mirrors=$(apt-get indextargets --format '$(REPO_URI) $(RELEASE)' 'Created-By: Packages' 'Component: main' |
  grep -E " $own(-updates|-security)?\$" | sort -u || true)
mirror=$(sed -n "s/ $own\$//p" <<<"$mirrors" | head -n 1)
[[ -n "$mirror" ]] || { echo "unpack-packages.sh: apt knows no mirror of Debian's suite $own" >&2; exit 1; }
if [[ "$suite" != "$own" ]]; then mirrors="$mirror $suite"; fi

mkdir -p "$(dirname "$directory")"
work=$(mktemp -d "$directory.XXXXXX")
trap 'rm -rf --one-file-system "$work"' EXIT
chmod 755 "$work" # _apt fetches
mkdir -p "$work/lists/partial" "$work/cache/archives/partial" "$work/packages" "$work/root"
: >"$work/status"
while read -r each; do
  echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $each main"
done <<<"$mirrors" >"$work/sources.list"
chown _apt "$work/packages" 2>/dev/null || true

# Of the suite only its list of packages is read, without translations and what other programs add to apt.
options=(-q -q -o "Dir::Etc::SourceList=$work/sources.list" -o Dir::Etc::SourceParts=/dev/null
  -o Dir::Etc::Preferences=/dev/null -o Dir::Etc::PreferencesParts=/dev/null -o "Dir::State::Lists=$work/lists"
  -o "Dir::State::status=$work/status" -o "Dir::Cache=$work/cache" -o Acquire::Languages=none -o Acquire::Retries=3
  -o Acquire::IndexTargets::deb::DEP-11::DefaultEnabled=false -o Acquire::IndexTargets::deb::Contents-deb::DefaultEnabled=false
  ${architecture:+-o "APT::Architecture=$architecture" -o "APT::Architectures=$architecture"})
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

# What dpkg would know if it had installed the package.
record() {
  local books=$work/root/var/lib/dpkg name
  name=$(dpkg-deb --field "$1" Package)
  [[ "$(dpkg-deb --field "$1" Multi-Arch)" != same ]] || name+=:$(dpkg-deb --field "$1" Architecture)
  mkdir -p "$books/info"
  echo 1 >"$books/info/format" # names have the architecture
  dpkg-deb --fsys-tarfile "$1" | tar --list | sed 's,^\.,,; s,/$,,; s,^$,/.,' >"$books/info/$name.list"
  dpkg-deb --control "$1" "$work/control"
  if [[ -e "$work/control/shlibs" ]]; then cp "$work/control/shlibs" "$books/info/$name.shlibs"; fi
  { cat "$work/control/control"; printf 'Status: install ok installed\n\n'; } >>"$books/status"
  rm -r "$work/control"
}

for package in "$work/packages/"*.deb; do
  dpkg-deb --fsys-tarfile "$package" | tar --extract --keep-directory-symlink --directory "$work/root"
  [[ -z "$with_dependencies" ]] || record "$package"
  # shellcheck disable=SC2016  # dpkg's own placeholders
  dpkg-deb --show --showformat '${Package} ${Version}\n' "$package"
done >"$work/root/.versions"
# Links to absolute names would lead out of it.
find "$work/root" -lname '/*' -printf '%l\n%p\n' | while read -r target && read -r link; do
  ln --symbolic --relative --force --no-dereference "$work/root$target" "$link"
done
echo "$asked" >"$work/root/.asked"
rm -rf --one-file-system "$directory"
mv "$work/root" "$directory"
cat "$made"
