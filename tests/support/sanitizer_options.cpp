// Part of every program of a sanitized build. A runtime starts the hook with an environment of its own, so what the
// sanitizers shall do is written into the program; ASAN_OPTIONS, UBSAN_OPTIONS and TSAN_OPTIONS still change it.
// Whatever is found ends the program, and lies in a file PROGRAM.PID, which fails scripts/sanitize.sh.

#define COMMON "halt_on_error=1:exitcode=99:log_exe_name=1:log_path=" NETCLSD_SANITIZER_REPORTS "/report"

extern "C" {

const char* __asan_default_options() { return COMMON ":detect_stack_use_after_return=1:strict_string_checks=1"; }
const char* __ubsan_default_options() { return COMMON ":print_stacktrace=1"; }
const char* __tsan_default_options() { return COMMON ":second_deadlock_stack=1"; }
// Debian's library is not instrumented: how its functions' static variables are guarded is not to be seen, and each
// looks like a race between its first use and the next.
const char* __tsan_default_suppressions() { return "called_from_lib:libcpp-httplib.so\n"; }

}  // extern "C"
