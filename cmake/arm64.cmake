# Compiles on any machine for Debian 12 on arm64. scripts/arm64.sh makes the sysroot: Debian's own packages, unpacked.
set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR aarch64)
set(triplet aarch64-linux-gnu)
cmake_path(SET sysroot NORMALIZE "${CMAKE_CURRENT_LIST_DIR}/../build/arm64/sysroot")
if(NOT EXISTS "${sysroot}/.versions")
  message(FATAL_ERROR "There is no ${sysroot}: scripts/arm64.sh --prepare makes it")
endif()

set(CMAKE_CXX_COMPILER ${triplet}-g++)
set(CMAKE_CXX_COMPILER_AR ${triplet}-gcc-ar)  # the other one knows nothing of LTO
set(CMAKE_CXX_COMPILER_RANLIB ${triplet}-gcc-ranlib)
set(CMAKE_SYSROOT "${sysroot}")
set(CMAKE_LIBRARY_ARCHITECTURE ${triplet})

# The cross compiler brings a C and a C++ library of its own, which get no security updates. Everything that goes into a
# program, headers as well, comes from the sysroot instead.
add_compile_options(-nostdinc)
set(CMAKE_CXX_STANDARD_INCLUDE_DIRECTORIES
  "${sysroot}/usr/include/c++/12" "${sysroot}/usr/include/${triplet}/c++/12" "${sysroot}/usr/include/c++/12/backward"
  "${sysroot}/usr/lib/gcc/${triplet}/12/include" "${sysroot}/usr/include/${triplet}" "${sysroot}/usr/include")
foreach(directory usr/lib/${triplet} usr/lib/gcc/${triplet}/12)
  add_link_options("-B${sysroot}/${directory}" "-L${sysroot}/${directory}")
endforeach()

set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
foreach(kind LIBRARY INCLUDE PACKAGE)
  set(CMAKE_FIND_ROOT_PATH_MODE_${kind} ONLY)
endforeach()
set(ENV{PKG_CONFIG_SYSROOT_DIR} "${sysroot}")
set(ENV{PKG_CONFIG_LIBDIR} "${sysroot}/usr/lib/${triplet}/pkgconfig:${sysroot}/usr/share/pkgconfig")

# The build runs programs that it made: they compile the seccomp filters, which are for one architecture. So does ctest.
set(CMAKE_CROSSCOMPILING_EMULATOR qemu-aarch64-static -L "${sysroot}")
