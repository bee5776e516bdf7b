# SPDX-License-Identifier: GPL-2.0-only
# Tests that run on a real kernel: a built program inside the guest of realmode/lab/guest.sh.

# lvslab_guest_test(NAME TARGET [ARGUMENTS a...] [MODULES m...] [PROGRAMS p...] [FILES host:guest...]
#                   [ENVIRONMENT n=v...] [TIMEOUT seconds] [LABELS l...] [WALL_TIME]):
# the ctest NAME, which boots the guest, runs the program of TARGET with ARGUMENTS in it, passes its
# output on and ends with its exit code. TIMEOUT is wall time (default 300), on a busy machine too.
function(lvslab_guest_test name target)
  cmake_parse_arguments(guest "WALL_TIME" "TIMEOUT"
                        "ARGUMENTS;MODULES;PROGRAMS;FILES;ENVIRONMENT;LABELS" ${ARGN})
  if(NOT guest_TIMEOUT)
    set(guest_TIMEOUT 300)
  endif()
  set(options --timeout ${guest_TIMEOUT} --program $<TARGET_FILE:${target}>)
  foreach(kind MODULE PROGRAM FILE)
    string(TOLOWER ${kind} option)
    foreach(value ${guest_${kind}S})
      list(APPEND options --${option} ${value})
    endforeach()
  endforeach()
  foreach(value ${guest_ENVIRONMENT})
    list(APPEND options --env ${value})
  endforeach()
  if(guest_WALL_TIME)
    list(APPEND options --wall-time)
  endif()
  add_test(NAME ${name} COMMAND ${PROJECT_SOURCE_DIR}/realmode/lab/guest.sh ${options} --
           $<TARGET_FILE_NAME:${target}> ${guest_ARGUMENTS})
  lvslab_needs_guest(${name} ${guest_TIMEOUT} ${guest_LABELS})
endfunction()

# lvslab_needs_guest(NAME TIMEOUT [LABELS...]): the test NAME boots guests itself. The kernel is
# fetched before it, once for all such tests; if it cannot be had, one test says so.
function(lvslab_needs_guest name timeout)
  math(EXPR patience "${timeout} + 120")
  set_tests_properties(${name} PROPERTIES TIMEOUT ${patience} LABELS "${ARGN}"
                       FIXTURES_REQUIRED guest_kernel)
endfunction()
