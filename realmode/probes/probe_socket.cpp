// SPDX-License-Identifier: GPL-2.0-only
#include "realmode/probes/probe_socket.hpp"

#include <algorithm>
#include <cerrno>

#include <fmt/format.h>
#include <sys/socket.h>
#include <unistd.h>
#include <boost/asio/ip/address.hpp>

namespace lvslab::realmode {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using asio::ip::udp;
using boost::system::error_code;

template <class Socket>
void open_socket(Socket& socket, Family family, int type, error_code& error) {
    using Protocol = typename Socket::protocol_type;
    const auto protocol = family == Family::ipv4 ? Protocol::v4() : Protocol::v6();
    const int descriptor = ::socket(protocol.family(), type | SOCK_CLOEXEC, 0);
    if (descriptor < 0) {
        error = error_code(errno, boost::system::system_category());
        return;
    }
    socket.assign(protocol, descriptor, error);
    if (error) {
        ::close(descriptor);
        return;
    }
    socket.non_blocking(true, error);
}

}  // namespace

asio::ip::address to_asio(const Address& address) {
    if (address.is_v4()) {
        return asio::ip::address_v4(address.v4_host_order());
    }
    asio::ip::address_v6::bytes_type bytes{};
    std::ranges::copy(address.bytes(), bytes.begin());
    return asio::ip::address_v6(bytes);
}

Address from_asio(const asio::ip::address& address) {
    if (address.is_v4()) {
        return Address::v4(address.to_v4().to_uint());
    }
    const auto v6 = address.to_v6();
    if (v6.is_v4_mapped()) {
        return Address::v4(asio::ip::make_address_v4(asio::ip::v4_mapped, v6).to_uint());
    }
    Address::Bytes bytes{};
    std::ranges::copy(v6.to_bytes(), bytes.begin());
    return Address::v6(bytes);
}

tcp::endpoint tcp_endpoint(const Endpoint& server) {
    return {to_asio(server.address), server.port.value()};
}

udp::endpoint udp_endpoint(const Endpoint& server) {
    return {to_asio(server.address), server.port.value()};
}

void open(tcp::socket& socket, Family family, error_code& error) {
    open_socket(socket, family, SOCK_STREAM, error);
}

void open(udp::socket& socket, Family family, error_code& error) {
    open_socket(socket, family, SOCK_DGRAM, error);
}

void close_at_once(tcp::socket& socket, bool server_has_ended) {
    error_code ignored;
    if (socket.is_open() && !server_has_ended) {
        socket.set_option(asio::socket_base::linger(true, 0), ignored);
    }
    socket.close(ignored);
}

std::string trouble_of(const error_code& error) {
    switch (error.value()) {
        case EMFILE:
        case ENFILE:
        case ENOBUFS:
        case ENOMEM:
        case EADDRNOTAVAIL:
        case EAFNOSUPPORT:
        case EACCES:
        case EPERM:
            return fmt::format("checks do not leave this host: {}", error.message());
        default:
            return {};
    }
}

}  // namespace lvslab::realmode
