// SPDX-License-Identifier: GPL-2.0-only
/// What the packet world uses of ns-3. Every file that sees ns-3 includes this one and no header of
/// ns-3 itself: the first two are corrected copies (see CMakeLists.txt), which must come first.
#pragma once

#include <ns3_cxx20/simulation-singleton.h>
#include <ns3_cxx20/singleton.h>

#include <ns3/arp-cache.h>
#include <ns3/arp-header.h>
#include <ns3/arp-l3-protocol.h>
#include <ns3/boolean.h>
#include <ns3/channel.h>
#include <ns3/config.h>
#include <ns3/enum.h>
#include <ns3/ethernet-header.h>
#include <ns3/global-value.h>
#include <ns3/icmpv4-l4-protocol.h>
#include <ns3/icmpv4.h>
#include <ns3/inet-socket-address.h>
#include <ns3/internet-stack-helper.h>
#include <ns3/ip-l4-protocol.h>
#include <ns3/ipv4-interface.h>
#include <ns3/ipv4-l3-protocol.h>
#include <ns3/ipv4-list-routing-helper.h>
#include <ns3/ipv4-list-routing.h>
#include <ns3/ipv4-packet-info-tag.h>
#include <ns3/ipv4-route.h>
#include <ns3/ipv4-routing-table-entry.h>
#include <ns3/ipv4-static-routing-helper.h>
#include <ns3/ipv4-static-routing.h>
#include <ns3/mac48-address.h>
#include <ns3/net-device.h>
#include <ns3/node.h>
#include <ns3/packet.h>
#include <ns3/pcap-file-wrapper.h>
#include <ns3/rng-seed-manager.h>
#include <ns3/simulator.h>
#include <ns3/socket-factory.h>
#include <ns3/socket.h>
#include <ns3/string.h>
#include <ns3/tcp-header.h>
#include <ns3/tcp-l4-protocol.h>
#include <ns3/tcp-socket-base.h>
#include <ns3/tcp-socket-factory.h>
#include <ns3/trace-helper.h>
#include <ns3/traffic-control-layer.h>
#include <ns3/udp-header.h>
#include <ns3/udp-l4-protocol.h>
#include <ns3/udp-socket-factory.h>
#include <ns3/udp-socket.h>
#include <ns3/uinteger.h>
