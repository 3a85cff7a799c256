# The three kinds of targets in this project. Every folder is one small static library; every program is a
# main.cpp plus one library.

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)

add_library(netclsd_settings INTERFACE)
target_include_directories(netclsd_settings INTERFACE "${PROJECT_SOURCE_DIR}" "${PROJECT_BINARY_DIR}/generated")
target_compile_options(netclsd_settings INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wold-style-cast -Wnon-virtual-dtor
  $<$<BOOL:${NETCLSD_WARNINGS_AS_ERRORS}>:-Werror>)

# The headers that most files read, compiled once. Saves clang a third of its time; GCC gains nothing. Off where the
# includes of each file shall be seen to be complete: dev, release, tidy.
option(NETCLSD_PRECOMPILED_HEADERS "Compile the standard library's and third parties' large headers once" OFF)
set(NETCLSD_LARGE_HEADERS
  <algorithm> <array> <atomic> <chrono> <filesystem> <fstream> <functional> <map> <memory> <mutex> <optional> <set>
  <sstream> <string> <string_view> <thread> <unordered_map> <variant> <vector> <nlohmann/json.hpp> <tl/expected.hpp>)

# netclsd_precompiled(NAME LIBRARIES libs… HEADERS headers…): what netclsd_use_precompiled(TARGET NAME) takes them from.
function(netclsd_precompiled name)
  cmake_parse_arguments(ARG "" "" "LIBRARIES;HEADERS" ${ARGN})
  if(NETCLSD_PRECOMPILED_HEADERS)
    file(WRITE "${PROJECT_BINARY_DIR}/generated/${name}.cpp" "")
    add_library(${name} STATIC "${PROJECT_BINARY_DIR}/generated/${name}.cpp")
    target_link_libraries(${name} PRIVATE netclsd_settings ${ARG_LIBRARIES})
    target_precompile_headers(${name} PRIVATE ${ARG_HEADERS})
  endif()
endfunction()

function(netclsd_use_precompiled target name)
  if(NETCLSD_PRECOMPILED_HEADERS)
    target_precompile_headers(${target} REUSE_FROM ${name})
  endif()
endfunction()

# The presets release and tsan, dev in CI, and tests in asan compile each folder as one file (CMAKE_UNITY_BUILD), so that its
# headers are read once. In there, equal names that are local to two files collide: a file of this list is compiled alone.
# A developer's dev, and asan, compile each file of the product alone, so that an include that it lacks is an error.
set(NETCLSD_COMPILED_ALONE
  tests/unit/agent/membership/choice_test.cpp tests/unit/agent/membership/targets_test.cpp)

# netclsd_compiled_by_folder(TARGET): one file for each folder that the target has sources in. For the end of the folder
# that makes the target.
function(netclsd_compiled_by_folder target)
  get_target_property(files ${target} SOURCES)
  foreach(file IN LISTS files)
    cmake_path(ABSOLUTE_PATH file BASE_DIRECTORY "${CMAKE_CURRENT_SOURCE_DIR}" NORMALIZE OUTPUT_VARIABLE path)
    cmake_path(RELATIVE_PATH path BASE_DIRECTORY "${PROJECT_SOURCE_DIR}")
    if(path IN_LIST NETCLSD_COMPILED_ALONE)
      continue()
    endif()
    cmake_path(GET path PARENT_PATH folder)
    string(MAKE_C_IDENTIFIER "${folder}" group)
    set_source_files_properties("${file}" PROPERTIES UNITY_GROUP "${group}")
  endforeach()
  set_target_properties(${target} PROPERTIES UNITY_BUILD_MODE GROUP)
endfunction()

# For what is compiled once and runs once, the optimizer takes twice the time of all else when there is a sanitizer.
function(netclsd_unoptimized target)
  if(NETCLSD_SANITIZED)
    target_compile_options(${target} PRIVATE -O0)
  endif()
endfunction()

# netclsd_library(NAME [RUNS_ONCE] SOURCES a.cpp… [PUBLIC libs…] [PRIVATE libs…]) makes netclsd_NAME and its alias
# netclsd::NAME. RUNS_ONCE: large templates of others that run when a program starts, and not again; not optimized under a
# sanitizer. Such a library has no precompiled headers, since those were compiled with other options.
function(netclsd_library name)
  cmake_parse_arguments(ARG "RUNS_ONCE" "" "SOURCES;PUBLIC;PRIVATE" ${ARGN})
  add_library(netclsd_${name} STATIC ${ARG_SOURCES})
  add_library(netclsd::${name} ALIAS netclsd_${name})
  target_link_libraries(netclsd_${name} PUBLIC netclsd_settings ${ARG_PUBLIC} PRIVATE ${ARG_PRIVATE})
  if(ARG_RUNS_ONCE AND NETCLSD_SANITIZED)
    netclsd_unoptimized(netclsd_${name})
  else()
    netclsd_use_precompiled(netclsd_${name} large_headers)
  endif()
  netclsd_compiled_by_folder(netclsd_${name})
endfunction()

# In a sanitized build a program brings its own options, because nobody's environment reaches a hook that a runtime starts.
set(NETCLSD_SANITIZER_REPORTS "${PROJECT_BINARY_DIR}/reports")
if(NETCLSD_SANITIZED)
  file(MAKE_DIRECTORY "${NETCLSD_SANITIZER_REPORTS}")
endif()
function(netclsd_report_findings program)
  if(NETCLSD_SANITIZED)
    target_sources(${program} PRIVATE "${PROJECT_SOURCE_DIR}/tests/support/sanitizer_options.cpp")
    target_compile_definitions(${program} PRIVATE NETCLSD_SANITIZER_REPORTS="${NETCLSD_SANITIZER_REPORTS}")
  endif()
endfunction()

# netclsd_static_program(NAME SOURCES main.cpp LIBRARIES libs…): runs on hosts of unknown libc, so nothing is shared. A
# sanitizer's runtime cannot be linked so: a sanitized build makes an ordinary program, for this machine alone.
function(netclsd_static_program name)
  cmake_parse_arguments(ARG "" "" "SOURCES;LIBRARIES" ${ARGN})
  add_executable(${name} ${ARG_SOURCES})
  target_link_libraries(${name} PRIVATE ${ARG_LIBRARIES})
  if(NOT NETCLSD_SANITIZED)
    target_link_options(${name} PRIVATE -static-pie)
  endif()
  netclsd_report_findings(${name})
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/bin")
  install(TARGETS ${name} RUNTIME DESTINATION "${CMAKE_INSTALL_BINDIR}")
endfunction()

function(netclsd_program name)
  cmake_parse_arguments(ARG "" "" "SOURCES;LIBRARIES" ${ARGN})
  add_executable(${name} ${ARG_SOURCES})
  target_link_libraries(${name} PRIVATE ${ARG_LIBRARIES})
  netclsd_report_findings(${name})
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/bin")
  install(TARGETS ${name} RUNTIME DESTINATION "${CMAKE_INSTALL_BINDIR}")
endfunction()
