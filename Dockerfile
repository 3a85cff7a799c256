# The image of netclsd: the agent, the static hook, NRI plugin and client. scripts/build-image.sh builds it, the DaemonSet
# of charts/netclsd runs it, docs/image.md says what is in it.

# Debian 12, whatever machine builds it: the list of libraries below has its names, and CI tests everything there.

# Two stages of their own, because they take a minute each and change only with the list of packages.
FROM docker.io/library/debian:bookworm-slim AS tools
WORKDIR /src
COPY scripts/install-deps.sh scripts/
RUN scripts/install-deps.sh build image

FROM docker.io/library/debian:bookworm-slim AS libraries
# What /out/bin/netclsd and netclsd-carrier are linked to, and nothing else; a library that is missing here ends the build below.
RUN apt-get update \
 && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends \
      libcpp-httplib0.11 libprometheus-cpp-core1.0 libspdlog1.10 libsystemd0 libcap-ng0 libseccomp2 libssl3 libyaml-cpp0.7 \
      libbpf1 libmnl0 \
 && rm -rf /var/lib/apt/lists/* /var/cache/apt/* /var/cache/debconf/*-old /var/cache/ldconfig/aux-cache /var/log/*

FROM tools AS build
COPY . .
ARG REVISION=unknown
# The commit's time, for the bill of materials.
ARG SOURCE_DATE_EPOCH
# A directory mounted at /mnt makes the next build fast; without one nothing is kept.
ENV CCACHE_DIR=/mnt CCACHE_BASEDIR=/src CCACHE_NOHASHDIR=1 CCACHE_COMPILERCHECK=content CCACHE_SLOPPINESS=locale
RUN cmake --preset release -D CMAKE_CXX_COMPILER_LAUNCHER=ccache -D "NETCLSD_REVISION=$REVISION" \
 && cmake --build --preset release --parallel "$(nproc)" \
 && cmake --install build/release --strip --prefix /out

FROM libraries
# The DaemonSet runs the agent as root without CAP_DAC_OVERRIDE, CAP_CHOWN and CAP_FOWNER. Programs that belong to another
# user, under which nothing runs, and that nobody may write are read-only to the agent, too, even without the pod's
# readOnlyRootFilesystem.
COPY --from=build --chown=65532:65532 --chmod=0555 /out/bin/ /usr/local/bin/
RUN ["netclsd", "--version"]
RUN ["netclsd-carrier", "--version"]
COPY --from=build --chown=65532:65532 --chmod=0444 /out/share/netclsd/netclsd.spdx.json /usr/local/share/netclsd/

ARG VERSION=unknown
ARG REVISION=unknown
LABEL org.opencontainers.image.title="netclsd" \
      org.opencontainers.image.description="Keeps every process of a container in the network class its pod asked for" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.base.name="docker.io/library/debian:bookworm-slim" \
      org.opencontainers.image.version="$VERSION" \
      org.opencontainers.image.revision="$REVISION"
# No USER: the agent needs uid 0 to write to the groups that it made. The pod sets the capabilities.
ENTRYPOINT ["/usr/local/bin/netclsd"]
