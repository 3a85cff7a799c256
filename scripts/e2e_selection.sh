# Which end-to-end tests run where, for scripts/test.sh and scripts/sanitize.sh. Patterns of tests/e2e/run.py. To be sourced.
# In a whole run of scripts/test.sh each test runs once without ThreadSanitizer: with AddressSanitizer, or else with the
# programs as they are: those that these two lists name, and in CI two thirds of all others.
# After scripts/common.sh.
# shellcheck shell=bash disable=SC2034  # for the scripts that source this

# Run the image, so that it must have been built.
OF_THE_IMAGE=(test_daemonset)

# With a sanitizer these would prove nothing. The image has release programs. A sanitized program is not static, so it
# cannot run in a container; its memory is the sanitizer's; its hook is too slow for 20,000 annotations or 500 KiB of
# escapes (500 ms, which is its whole deadline; 70 ms without). Without descriptors UndefinedBehaviorSanitizer cannot
# examine memory, which it does through a pipe, and reports correct code. It needs far more address space than the test
# of a lack of memory grants.
NOT_SANITIZED=("${OF_THE_IMAGE[@]}" test_hook_is_static test_client_is_static
  test_root_in_a_container_that_was_handed_the_socket_is_refused test_many_small_ones_are_no_better
  test_of_our_own_names_are_none_either test_security_exhaustion.Requests
  test_so_many_groups_are_removed_at_the_start test_no_descriptors
  test_a_message_that_the_memory_has_no_room_for)

# The same code under other runtimes, storms that only show the product's speed, many of the same, and the same steps again
# for each moment in which a program may be killed.
NOTHING_NEW=(test_hook_real_runtimes test_podman test_containerd test_kubelet test_demo test_overrun test_pid_reuse
  test_hook_install.Interrupted test_k3s_s_file_is_never_there test_killed_before_any_step test_fifty_containers
  test_two_hundred_execs test_hundred_thousand_spool_entries test_hundred_kills test_all_of_200_containers
  test_carry_endurance)

# Tests in which more than one thread of the agent takes part.
THREADED=(test_init test_peers test_bad_input test_web_config test_configuration test_observing
  test_service_manager test_sandbox test_policy test_security_socket)

# ThreadSanitizer has a thread of its own, which is not confined.
NOT_WITH_TSAN=(test_no_thread_has_more_than_what_the_kernel_asks_for)

# CI runs a third of what can run with a sanitizer with it; which one, the commit decides. So each test has its turn.
# Tests that do the same for each of many moments do a third of those (tests/e2e/support/turns.py). Without CI: all of them.
sanitized_part=() plain_part=()
turn=$(ci_turn)
if [[ -n "$turn" ]]; then
  sanitized_part=(--part "$turn/3") plain_part=(--all-but "$turn/3")
  export NETCLSD_E2E_TURN=$turn/3
fi
can_be_sanitized=("${NOT_SANITIZED[@]/#/--without=}" "${NOTHING_NEW[@]/#/--without=}")

# The arguments of tests/e2e/run.py for each of the runs that make a whole one: each test once.
PLAIN_TESTS=("${NOT_SANITIZED[@]}" "${NOTHING_NEW[@]}" "${OF_THE_IMAGE[@]/#/--without=}")
OTHER_PLAIN_TESTS=()
[[ ${#plain_part[@]} -eq 0 ]] || OTHER_PLAIN_TESTS=("${can_be_sanitized[@]}" "${plain_part[@]}")
TSAN_TESTS=("${THREADED[@]}" "${sanitized_part[@]}")
ASAN_TESTS=("${can_be_sanitized[@]}" "${sanitized_part[@]}")
