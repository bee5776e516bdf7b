// SPDX-License-Identifier: GPL-2.0-only
/// The suite that every dataplane passes. Each program that has it says what it is run on.
#pragma once

#include <ostream>
#include <vector>

#include <gtest/gtest.h>

#include "tests/real/dataplane/dataplane_world.hpp"

namespace lvslab {

/// The program's own.
std::vector<DataplaneWorldMaker> dataplane_worlds();

void PrintTo(const DataplaneWorldMaker& maker, std::ostream* out);

}  // namespace lvslab
