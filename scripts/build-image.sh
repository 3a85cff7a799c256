#!/bin/bash
# Builds the image of netclsd with podman.
#
#   scripts/build-image.sh [--platform PLATFORM[,PLATFORM]] [--tag TAG] [--ccache DIR] [--base-from-debootstrap]
#                          [--packages-only] [--help]
#
#   --platform PLATFORM       the machines that the image is for: linux/amd64 or linux/arm64 (default: such as this one).
#                             With both, the name is that of a list of two images. For arm64 the programs are compiled on this
#                             machine; what little runs of the image is emulated, which the kernel must have been told
#                             (binfmt_misc; Debian: apt-get install qemu-user-static binfmt-support)
#   --tag TAG                 the image's name (default: localhost/netclsd:VERSION)
#   --ccache DIR              keep compiled objects there for the next build
#   --base-from-debootstrap   for a machine without a registry, as root: if podman does not have
#                             docker.io/library/debian:bookworm-slim, make it with debootstrap, and let apt in the build
#                             use this machine's configuration. Nothing of that configuration gets into the image.
#   --packages-only           only the stages that install packages, so that the next build has them
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=scripts/common.sh
. scripts/common.sh

base=docker.io/library/debian:bookworm-slim
needs_value() { [[ $# -ge 2 ]] || { usage >&2; exit 2; }; }

version=$(sed -n 's/^project(netclsd VERSION \([0-9.]*\).*/\1/p' CMakeLists.txt)
revision=$(git rev-parse --short=12 HEAD 2>/dev/null || echo unknown)
tag=localhost/netclsd:$version
debootstrap=
packages_only=
here=$(dpkg --print-architecture)
platforms=("linux/$here")
options=(--build-arg "VERSION=$version" --build-arg "REVISION=$revision")
# podman 4.3 does not know by itself what runs where.
options+=(--build-arg "BUILDPLATFORM=linux/$here" --build-arg "BUILDARCH=$here")
if committed_at=$(git log -1 --format=%ct 2>/dev/null); then options+=(--build-arg "SOURCE_DATE_EPOCH=$committed_at"); fi
while [[ $# -gt 0 ]]; do
  case "$1" in
    --platform) needs_value "$@"; IFS=, read -ra platforms <<<"$2"; shift ;;
    --tag) needs_value "$@"; tag=$2; shift ;;
    --ccache) needs_value "$@"; mkdir -p "$2"; options+=(--volume "$(realpath "$2"):/mnt"); shift ;;
    --base-from-debootstrap) debootstrap=yes ;;
    --packages-only) packages_only=yes ;;
    -h | --help) usage; exit 0 ;;
    *) echo "build-image.sh: unknown option \"$1\"" >&2; usage >&2; exit 2 ;;
  esac
  shift
done

# Another machine's programs are compiled by a preset of its own, and run by an emulator.
for platform in "${platforms[@]}"; do
  [[ "$platform" != "linux/$here" ]] || continue
  if [[ "$platform" != linux/arm64 ]]; then
    echo "build-image.sh: \"$platform\" cannot be built here; there are linux/$here and linux/arm64" >&2
    exit 2
  fi
  if [[ ! -e /proc/sys/fs/binfmt_misc/qemu-aarch64 ]]; then
    echo "build-image.sh: the kernel knows no emulator for linux/arm64 (Debian: apt-get install qemu-user-static binfmt-support)" >&2
    exit 1
  fi
done

directory=$(mktemp -d)
trap 'rm -rf --one-file-system "$directory"' EXIT

# make_base PLATFORM NAME
make_base() {
  podman image exists "$2" && return
  run_debootstrap bookworm "$directory/tree" "${1#*/}"
  tar -C "$directory/tree" -c . | podman import --arch "${1#*/}" --os linux - "$2"
  rm -rf --one-file-system "$directory/tree"
}

# This machine's, of the same mirrors and suites, but for Debian 12. Prints the directory.
apt_of_bookworm() {
  local own
  own=$(sed -n 's/^VERSION_CODENAME=//p' /etc/os-release)
  cp -rL /etc/apt "$directory/apt"
  rm -rf "$directory"/apt/preferences*
  find "$directory/apt" \( -name '*.sources' -o -name '*.list' \) -exec sed -i "s/\<$own\>/bookworm/g" {} +
  echo "$directory/apt"
}

# Mounted while the build runs, not copied: the image must not reveal where it was built.
lend_apt_configuration() {
  local configuration=/etc/apt
  if ! grep -qx VERSION_CODENAME=bookworm /etc/os-release; then configuration=$(apt_of_bookworm); fi
  options+=(--network host --pull=never --volume "$configuration:/etc/apt:ro" --volume /usr/share/keyrings:/usr/share/keyrings:ro)
  # shellcheck disable=SC2016  # apt's own placeholder
  if apt-get indextargets --format '$(REPO_URI)' | grep -q '^https:'; then
    options+=(--volume /etc/ssl/certs:/etc/ssl/certs:ro)
  fi
}

# build PLATFORM [OPTION]…
build() {
  local of=$base
  if [[ -n "$debootstrap" && "$1" != "linux/$here" ]]; then of=$base-${1#*/}; make_base "$1" "$of"; fi
  podman build "${options[@]}" --build-arg "BASE=$of" --build-arg "TARGETPLATFORM=$1" --platform "$1" "${@:2}" .
}

if [[ -n "$debootstrap" ]]; then
  make_base "linux/$here" "$base"
  lend_apt_configuration
fi
if [[ -n "$packages_only" ]]; then
  for stage in tools libraries; do build "linux/$here" --target "$stage"; done
elif [[ ${#platforms[@]} -eq 1 ]]; then
  build "${platforms[0]}" --tag "$tag"
else
  podman manifest rm "$tag" 2>/dev/null || true
  for platform in "${platforms[@]}"; do build "$platform" --manifest "$tag"; done
fi
