# SPDX-License-Identifier: GPL-2.0-only
# A room is a folder with one library. What it may include is what it links.

add_library(lvslab_warnings INTERFACE)
target_compile_options(lvslab_warnings INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion -Wnon-virtual-dtor
  -Woverloaded-virtual -Wold-style-cast -Werror)

# lvslab_room(NAME DEPENDS...): the library lvslab_NAME from every .cpp of this folder.
function(lvslab_room name)
  file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*.cpp
       ${CMAKE_CURRENT_SOURCE_DIR}/*/*.cpp)
  add_library(lvslab_${name} STATIC ${sources})
  target_include_directories(lvslab_${name} PUBLIC ${PROJECT_SOURCE_DIR})
  target_include_directories(lvslab_${name} SYSTEM PUBLIC ${Boost_INCLUDE_DIRS})
  target_link_libraries(lvslab_${name} PUBLIC ${ARGN} PRIVATE lvslab_warnings)
endfunction()

# lvslab_unit_test(NAME LIBRARIES...): one GoogleTest program from every *_test.cpp of this folder.
function(lvslab_unit_test name)
  file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*_test.cpp)
  add_executable(${name}_test ${sources})
  target_link_libraries(${name}_test PRIVATE ${ARGN} lvslab_warnings GTest::gtest_main GTest::gmock)
  # Only who asks for it is told where the sources are: others compile the same in every checkout,
  # so that a compiler cache serves them all.
  file(GLOB readers CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*.[ch]pp)
  foreach(reader ${readers})
    file(STRINGS ${reader} asks REGEX LVSLAB_SOURCE_DIR LIMIT_COUNT 1)
    if(asks)
      target_compile_definitions(${name}_test PRIVATE LVSLAB_SOURCE_DIR="${PROJECT_SOURCE_DIR}")
      break()
    endif()
  endforeach()
  gtest_discover_tests(${name}_test TEST_PREFIX "${name}." DISCOVERY_TIMEOUT 60
                       PROPERTIES TIMEOUT 1800)
endfunction()
