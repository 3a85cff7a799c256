#!/bin/bash
# Builds netclsd on other releases of Debian, and runs its unit tests and its simulation there. One command, as root, on Debian.
#
#   scripts/distributions.sh [--quick | --whole] [--fresh] [--list] [--help] [SUITE]...      (without SUITE: all that --list names)
#
#   --quick   only the programs and the unit tests
#   --whole   then also the README's two commands, scripts/demo.sh and scripts/test.sh
#   --fresh   makes the suite's root directory and its build anew
#   --list    only names the suites; any other that debootstrap can make will do, too
#
# debootstrap makes each suite's root directory in build/distributions/SUITE, from the mirror that this machine's apt uses. It
# is kept for the next run, with what was built: about 2 GB for each suite. In there the repository is read-only at /src.
# Nothing is installed on this machine but debootstrap. All mounts are in a namespace that ends with the last process, also
# after Ctrl-C. The kernel is this machine's.
# CI does it for Debian 13 (trixie), with --quick. The last line is `N passed, N failed, N skipped`. Exit codes: 0 all passed, 1 not, 2 wrong usage.
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=scripts/common.sh
. scripts/common.sh

listed=(trixie sid)
whole='' fresh='' quick=''
suites=()
while [[ $# -gt 0 ]]; do
  case "$1" in
    --quick) quick=yes ;;
    --whole) whole=yes ;;
    --fresh) fresh=yes ;;
    --list) printf '%s\n' "${listed[@]}"; exit 0 ;;
    -h | --help) usage; exit 0 ;;
    -*) echo "distributions.sh: unknown option \"$1\"" >&2; usage >&2; exit 2 ;;
    *[!a-z]*) echo "distributions.sh: \"$1\" is no suite" >&2; exit 2 ;;
    *) suites+=("$1") ;;
  esac
  shift
done
[[ ${#suites[@]} -gt 0 ]] || suites=("${listed[@]}")
if [[ $EUID -ne 0 ]]; then
  echo "distributions.sh: only root can run debootstrap and mount" >&2
  exit 1
fi

# One suite is tried in a mount namespace of its own, by this script again, and its last line is counted here. No pid
# namespace: tests ask who leads their process group, and the agent cannot work in one.
if [[ -z "${NETCLSD_DISTRIBUTION:-}" ]]; then
  logs=build/distributions/logs
  mkdir -p "$logs"
  # shellcheck source=scripts/steps.sh
  . scripts/steps.sh
  command -v debootstrap >/dev/null || quietly debootstrap-install apt-get -q -y install --no-install-recommends debootstrap
  for suite in "${suites[@]}"; do
    step "$suite"
    NETCLSD_DISTRIBUTION=$suite with_summary "$suite" unshare --mount --propagation private \
      scripts/distributions.sh ${whole:+--whole} ${fresh:+--fresh} ${quick:+--quick} "$suite"
  done
  finish
fi

suite=$NETCLSD_DISTRIBUTION
unset NETCLSD_DISTRIBUTION
place=$PWD/build/distributions/$suite
root=$place/root
logs=build/distributions/logs/$suite
mkdir -p "$logs" "$place/build"
# shellcheck source=scripts/steps.sh
. scripts/steps.sh

# Half a root directory is none.
# shellcheck disable=SC2317  # quietly calls it
make_root() {
  rm -rf --one-file-system "$root" "$root.new" "$place/build" && mkdir -p "$place/build" &&
    run_debootstrap "$suite" "$root.new" && mv "$root.new" "$root"
}

# What apt and npm need in there to reach their mirrors as they do out here. Not /etc/ssl/certs itself: packages write there.
lend_network() {
  local certificates=/etc/certificates-of-the-host.pem settings=$root/etc/apt/apt.conf.d/80netclsd-network
  cp --dereference /etc/resolv.conf "$root/etc/resolv.conf"
  apt-config dump | grep -E '^Acquire::(https?::|Check-Valid-Until)' >"$settings" || true
  if [[ -e /etc/ssl/certs/ca-certificates.crt ]]; then
    cp --dereference /etc/ssl/certs/ca-certificates.crt "$root$certificates"
    if ! grep -q CAInfo "$settings"; then echo "Acquire::https::CAInfo \"$certificates\";" >>"$settings"; fi
  fi
  if [[ -n "${NODE_EXTRA_CA_CERTS:-}" ]]; then
    cp --dereference "$NODE_EXTRA_CA_CERTS" "$root$certificates"
    NODE_EXTRA_CA_CERTS=$certificates
  fi
}

mount_all() {
  mount --bind "$root" "$root" # only a mount can become the root
  mount -t proc proc "$root/proc"
  mount --rbind /sys "$root/sys"
  mount --rbind /dev "$root/dev"
  mount -t tmpfs tmpfs "$root/tmp"
  mount -t tmpfs tmpfs "$root/run"
  mkdir -p "$root/src"
  mount --bind "$PWD" "$root/src"
  mount --bind "$place/build" "$root/src/build"
  mount -o remount,bind,ro "$root/src"
}

# Its root is that of its mount namespace, too: whoever enters the namespace of such a process, as tests do, finds the same
# files. After chroot it would find this machine's.
in_suite() {
  # shellcheck disable=SC2016  # the inner shell's
  env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8 PYTHONDONTWRITEBYTECODE=1 JOBS="$jobs" ${CI:+CI="$CI"} \
    ${NODE_EXTRA_CA_CERTS:+NODE_EXTRA_CA_CERTS="$NODE_EXTRA_CA_CERTS"} \
    unshare --mount --propagation private \
    sh -c 'cd "$1" && pivot_root . mnt && cd /src && umount -l /mnt && shift && exec "$@"' sh "$root" "$@"
}

# As in CI: each folder is one file, and nobody uses a debugger.
options=(-D CMAKE_CXX_FLAGS_DEBUG=-g0 -D CMAKE_UNITY_BUILD=ON -D CMAKE_UNITY_BUILD_BATCH_SIZE=0)

versions() {
  # shellcheck disable=SC2016  # dpkg's own placeholders
  in_suite dpkg-query --show --showformat '${Package} ${Version}\n' g++ cmake libc6-dev 'libboost*-dev' libcpp-httplib-dev \
    libcli11-dev libexpected-dev libgtest-dev libprotozero-dev libseccomp-dev libspdlog-dev libssl-dev libtomlplusplus-dev \
    libyaml-cpp-dev nlohmann-json3-dev prometheus-cpp-dev 2>/dev/null | grep ' .' | paste -s -d, | sed 's/,/, /g'
}

if [[ -n "$fresh" || ! -d "$root" ]]; then quietly debootstrap make_root; fi
mount_all
lend_network
quietly packages in_suite scripts/install-deps.sh build unit
versions
quietly configure in_suite cmake --preset dev "${options[@]}"
kinds=(unit sim) targets=(all)
[[ -z "$quick" ]] || kinds=(unit) targets=({agent,carry,cli,hook,nri}/all unit_tests)
quietly build in_suite cmake --build --preset dev --parallel "$jobs" --target "${targets[@]}"
for kind in "${kinds[@]}"; do
  with_summary "$kind" in_suite scripts/run_gtest.py "build/dev/tests/$kind/${kind}_tests" --shards "$jobs" --logs build
done
if [[ -n "$whole" ]]; then
  quietly demo in_suite scripts/demo.sh && count 1 0 0
  with_summary whole-test in_suite scripts/test.sh
fi
finish
