#!/bin/bash
# Builds the image as on a machine without a registry, as root, for the tests: build/image/netclsd.tar (an OCI archive)
# and, for tests/image/image_test.py, podman's storage in build/image/storage. The second build is fast.
#
#   tests/image/build.sh [--packages-only]      --packages-only: what takes time and needs no program of ours
set -euo pipefail
cd "$(dirname "$0")/../.."

# podman leaves its storage mounted: in a mount namespace of our own that ends with us.
[[ "${1:-}" == inside ]] || exec unshare --mount --propagation private "$0" inside "$@"
shift

directory=$PWD/build/image
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
# podman's builds leave empty cgroups.
clean_up() { find /sys/fs/cgroup/*/libpod_parent -depth -type d -exec rmdir {} \; 2>/dev/null || true; }
trap clean_up EXIT
scripts/build-image.sh --base-from-debootstrap --ccache build/ccache --tag localhost/netclsd:test "$@"
[[ $# -eq 0 ]] || exit 0
rm -f "$directory/netclsd.tar"
podman save --quiet --format oci-archive --output "$directory/netclsd.tar" localhost/netclsd:test
