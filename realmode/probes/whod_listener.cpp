// SPDX-License-Identifier: GPL-2.0-only
#include "realmode/probes/whod_listener.hpp"

#include <array>
#include <chrono>
#include <cstdint>
#include <ctime>
#include <fstream>
#include <iterator>
#include <span>
#include <sstream>

#include <fmt/format.h>
#include <boost/asio/buffer.hpp>

#include "realmode/probes/probe_socket.hpp"
#include "realmode/probes/whod_packet.hpp"

namespace lvslab::realmode {
namespace {

namespace asio = boost::asio;
using asio::ip::udp;
using boost::system::error_code;

// sizeof(struct whod).
constexpr std::size_t longest_whod = 1500;
constexpr int reads_a_turn = 64;

Time steady_now() {
    return Time{std::chrono::steady_clock::now().time_since_epoch()};
}

/// Files of hosts that have fallen silent stay in the spool.
std::optional<double> fresh_load(const std::string& path, Duration stale) {
    std::ifstream file(path, std::ios::binary);
    std::array<char, longest_whod> text{};
    file.read(text.data(), text.size());
    std::vector<std::uint8_t> bytes(text.begin(), text.begin() + file.gcount());
    const auto packet = decode_whod(bytes, ByteOrder::host);
    if (!packet) {
        return std::nullopt;
    }
    const auto age = std::chrono::seconds(std::time(nullptr) - packet->received);
    return age < stale ? std::optional{packet->one_minute()} : std::nullopt;
}

}  // namespace

WhodListener::WhodListener(EventLoop& loop, const LoadSettings& settings,
                           const std::function<void(std::string)>& note)
    : settings_(settings), socket_(loop), told_(settings.stale) {
    error_code error;
    open(socket_, Family::ipv4, error);
    if (!error) {
        // Who else wants broadcasts of this port can say so too; rwhod itself does not.
        socket_.set_option(udp::socket::reuse_address(true), error);
    }
    if (!error) {
        socket_.bind({udp::v4(), settings.who.value()}, error);
    }
    if (error) {
        error_code ignored;
        socket_.close(ignored);
        note(fmt::format("load by ruptime is read from {}: UDP port {}: {}", settings.spool,
                         settings.who.value(), error.message()));
        return;
    }
    await_datagram();
}

WhodListener::~WhodListener() {
    *alive_ = false;
}

void WhodListener::await_datagram() {
    socket_.async_wait(udp::socket::wait_read, [this, alive = alive_](error_code) {
        if (*alive) {
            read_datagrams();
            await_datagram();
        }
    });
}

void WhodListener::read_datagrams() {
    std::array<std::uint8_t, longest_whod> datagram;
    for (int i = 0; i < reads_a_turn; ++i) {
        udp::endpoint from;
        error_code error;
        const auto size = socket_.receive_from(asio::buffer(datagram), from, 0, error);
        if (error == asio::error::would_block) {
            return;
        }
        // rwhod sends from its own port, which only the host's root can.
        if (error || from.port() != settings_.who.value()) {
            continue;
        }
        if (const auto packet = decode_whod(std::span(datagram).first(size))) {
            told_.hear(from_asio(from.address()), packet->one_minute(), steady_now());
        }
    }
}

std::optional<double> WhodListener::load_of(const Address& server) {
    if (!socket_.is_open()) {
        return load_in_spool(server);
    }
    return told_.load_of(server, steady_now());
}

std::optional<double> WhodListener::load_in_spool(const Address& server) const {
    for (const auto& name : names_in_hosts(settings_.hosts, server)) {
        if (const auto load = fresh_load(settings_.spool + "/whod." + name, settings_.stale)) {
            return load;
        }
    }
    return std::nullopt;
}

std::vector<std::string> names_in_hosts(const std::string& path, const Address& address) {
    std::vector<std::string> names;
    std::ifstream file(path);
    for (std::string line; std::getline(file, line);) {
        std::istringstream words(line.substr(0, line.find('#')));
        std::string first;
        words >> first;
        if (Address::parse(first) != address) {
            continue;
        }
        for (std::string name; words >> name;) {
            if (name.find('/') == std::string::npos) {
                names.push_back(name);
                names.push_back(name.substr(0, name.find('.')));
            }
        }
    }
    return names;
}

}  // namespace lvslab::realmode
