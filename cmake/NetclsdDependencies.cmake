# Third-party libraries, all packages of the distribution (scripts/install-deps.sh). Each is used behind one file or folder of ours.
find_package(Threads REQUIRED)
find_package(nlohmann_json 3.11 REQUIRED)
find_package(tl-expected REQUIRED)
find_package(CLI11 REQUIRED)
find_package(spdlog REQUIRED)
find_package(PkgConfig REQUIRED)
pkg_check_modules(httplib REQUIRED IMPORTED_TARGET cpp-httplib)
pkg_check_modules(libsystemd REQUIRED IMPORTED_TARGET libsystemd)
pkg_check_modules(libcap-ng REQUIRED IMPORTED_TARGET libcap-ng)
pkg_check_modules(libseccomp REQUIRED IMPORTED_TARGET libseccomp)
pkg_check_modules(libbpf REQUIRED IMPORTED_TARGET libbpf)
pkg_check_modules(libmnl REQUIRED IMPORTED_TARGET libmnl)
find_program(CLANG NAMES clang clang-19 clang-14 REQUIRED)  # compiles the carrier's BPF program, whatever compiles all else
pkg_check_modules(yaml-cpp REQUIRED IMPORTED_TARGET yaml-cpp)
find_package(OpenSSL 3 REQUIRED)
pkg_check_modules(libxcrypt REQUIRED IMPORTED_TARGET libxcrypt)
find_library(LIBMD_STATIC libmd.a REQUIRED)  # SHA-256, for static programs
find_path(TOMLPLUSPLUS_INCLUDE_DIR toml++/toml.h REQUIRED)  # headers only; its package offers the shared library
find_path(PROTOZERO_INCLUDE_DIR protozero/pbf_reader.hpp REQUIRED)  # headers only
find_package(prometheus-cpp REQUIRED COMPONENTS core)
find_package(Boost 1.81 CONFIG REQUIRED)  # headers only: Beast, Asio and Unordered, whose flat maps begin with this version
