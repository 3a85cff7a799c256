#!/bin/bash
# Builds the image of netclsd with podman.
#
#   scripts/build-image.sh [--tag TAG] [--ccache DIR] [--base-from-debootstrap] [--packages-only] [--help]
#
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
options=(--build-arg "VERSION=$version" --build-arg "REVISION=$revision")
if committed_at=$(git log -1 --format=%ct 2>/dev/null); then options+=(--build-arg "SOURCE_DATE_EPOCH=$committed_at"); fi
while [[ $# -gt 0 ]]; do
  case "$1" in
    --tag) needs_value "$@"; tag=$2; shift ;;
    --ccache) needs_value "$@"; mkdir -p "$2"; options+=(--volume "$(realpath "$2"):/mnt"); shift ;;
    --base-from-debootstrap) debootstrap=yes ;;
    --packages-only) packages_only=yes ;;
    -h | --help) usage; exit 0 ;;
    *) echo "build-image.sh: unknown option \"$1\"" >&2; usage >&2; exit 2 ;;
  esac
  shift
done

directory=$(mktemp -d)
trap 'rm -rf --one-file-system "$directory"' EXIT

make_base() {
  run_debootstrap bookworm "$directory/tree"
  tar -C "$directory/tree" -c . | podman import - "$base"
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

if [[ -n "$debootstrap" ]]; then
  podman image exists "$base" || make_base
  lend_apt_configuration
fi
if [[ -n "$packages_only" ]]; then
  for stage in tools libraries; do podman build "${options[@]}" --target "$stage" .; done
  exit
fi
podman build "${options[@]}" --tag "$tag" .
