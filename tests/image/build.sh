#!/bin/bash
# Builds the image as on a machine without a registry, as root, for the tests: build/image/netclsd.tar (an OCI archive)
# and, for tests/image/image_test.py, podman's storage in build/image/storage. The second build is fast.
#
#   tests/image/build.sh [--packages-only | --platforms]
#
#   --packages-only  what takes time and needs no program of ours
#   --platforms      for amd64 and for arm64, for tests/image/platforms_test.py: only podman's storage, in
#                    build/image-platforms. Meanwhile the kernel runs programs for arm64 by an emulator, on the whole machine
set -euo pipefail
cd "$(dirname "$0")/../.."

# podman leaves its storage mounted: in a mount namespace of our own that ends with us.
[[ "${1:-}" == inside ]] || exec unshare --mount --propagation private "$0" inside "$@"
shift

directory=$PWD/build/image options=("$@")
if [[ "${1:-}" == --platforms ]]; then directory=$PWD/build/image-platforms options=(--platform "linux/amd64,linux/arm64"); fi
mkdir -p "$directory" /var/lib/containers
mount -t tmpfs none /var/lib/containers  # for its cache, whatever the storage
cat >"$directory/storage.conf" <<END
[storage]
driver = "overlay"
graphroot = "$directory/storage"
runroot = "$directory/run"
END
{ cat tests/support/containers.conf; echo "tmp_dir = \"$directory/tmp\""; } >"$directory/containers.conf"
export CONTAINERS_STORAGE_CONF=$directory/storage.conf CONTAINERS_CONF=$directory/containers.conf
registry=/proc/sys/fs/binfmt_misc registered=
register_emulator() {
  mountpoint -q "$registry" || mount -t binfmt_misc none "$registry"
  [[ ! -e "$registry/qemu-aarch64" ]] || return 0
  cat /usr/lib/binfmt.d/qemu-aarch64.conf >"$registry/register"
  registered=yes
}
clean_up() {
  # podman's builds leave empty cgroups.
  find /sys/fs/cgroup/*/libpod_parent -depth -type d -exec rmdir {} \; 2>/dev/null || true
  [[ -z "$registered" ]] || echo -1 >"$registry/qemu-aarch64"
}
trap clean_up EXIT
[[ "${1:-}" != --platforms ]] || register_emulator
scripts/build-image.sh --base-from-debootstrap --ccache build/ccache --tag localhost/netclsd:test "${options[@]}"
[[ $# -eq 0 ]] || exit 0
rm -f "$directory/netclsd.tar"
podman save --quiet --format oci-archive --output "$directory/netclsd.tar" localhost/netclsd:test
