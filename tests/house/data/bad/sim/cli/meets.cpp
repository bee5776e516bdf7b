// SPDX-License-Identifier: GPL-2.0-only
#include "sim/packet/director.hpp"
#include "sim/flow/world.hpp"
