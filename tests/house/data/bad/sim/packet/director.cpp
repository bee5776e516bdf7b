// SPDX-License-Identifier: GPL-2.0-only
#include "realmode/netlink.hpp"
#include "sim/flow/world.hpp"
#include "core/ipvs/service.hpp"
#include <fstream>
