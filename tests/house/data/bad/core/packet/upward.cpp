// SPDX-License-Identifier: GPL-2.0-only
#include <ns3/node.h>
#include "sim/packet/director.hpp"
#include "realmode/netlink.hpp"
#include "packet.hpp"
