# SPDX-License-Identifier: GPL-2.0-only
# Runs a program once and checks what it leaves behind. Given with -D:
#   PROGRAM, ARGUMENTS (a list)   what runs
#   FOLDER                        where
#   EXIT                          its exit code
#   STDOUT, STDERR                a regular expression each must match; empty = nothing is printed
execute_process(COMMAND ${PROGRAM} ${ARGUMENTS} WORKING_DIRECTORY ${FOLDER}
                RESULT_VARIABLE exit OUTPUT_VARIABLE stdout ERROR_VARIABLE stderr)

function(expect what found expected)
  if(("${expected}" STREQUAL "" AND NOT "${found}" STREQUAL "") OR NOT "${found}" MATCHES "${expected}")
    message(FATAL_ERROR "${what} is:\n${found}\nexpected:\n${expected}")
  endif()
endfunction()

if(NOT exit STREQUAL EXIT)
  message(FATAL_ERROR "exit code ${exit}, expected ${EXIT}\n${stdout}${stderr}")
endif()
expect("standard output" "${stdout}" "${STDOUT}")
expect("standard error" "${stderr}" "${STDERR}")
