// SPDX-License-Identifier: GPL-2.0-only
/// What sockets of probes have in common.
#pragma once

#include <string>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ip/udp.hpp>

#include "core/base/quantities.hpp"

namespace lvslab::realmode {

boost::asio::ip::address to_asio(const Address& address);
boost::asio::ip::tcp::endpoint tcp_endpoint(const Endpoint& server);
boost::asio::ip::udp::endpoint udp_endpoint(const Endpoint& server);
/// An IPv4 address in IPv6's clothes (::ffff:10.0.0.1) is that IPv4 address.
Address from_asio(const boost::asio::ip::address& address);

/// Opens a socket that programs do not inherit; an error leaves it closed.
void open(boost::asio::ip::tcp::socket& socket, Family family, boost::system::error_code& error);
void open(boost::asio::ip::udp::socket& socket, Family family, boost::system::error_code& error);

/// Closes a connection so that it leaves nothing behind: a reset, unless the server has ended its
/// side already. In order it would stay in TIME_WAIT for a minute, one for each check of each
/// server, and take one of the host's ports with it.
void close_at_once(boost::asio::ip::tcp::socket& socket, bool server_has_ended);

/// What the log says of a probe that did not leave this host; empty for an error that the server or
/// the way to it is to blame for.
std::string trouble_of(const boost::system::error_code& error);

}  // namespace lvslab::realmode
