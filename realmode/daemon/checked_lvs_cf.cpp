// SPDX-License-Identifier: GPL-2.0-only
#include "realmode/daemon/checked_lvs_cf.hpp"

#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <memory>
#include <optional>

#include <fmt/format.h>

#include "core/config/check.hpp"
#include "core/config/parse.hpp"
#include "core/router/daemon_settings.hpp"

namespace lvslab::realmode {
namespace {

/// A larger file is no lvs.cf.
constexpr std::size_t most_bytes = std::size_t{64} << 20;

std::optional<std::string> whole_file(const std::string& file, std::string& reason) {
    const int descriptor = ::open(file.c_str(), O_RDONLY | O_CLOEXEC);
    if (descriptor < 0) {
        reason = std::strerror(errno);
        return std::nullopt;
    }
    std::string text;
    std::array<char, 65536> bytes;
    ssize_t got = 0;
    while ((got = ::read(descriptor, bytes.data(), bytes.size())) != 0) {
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got < 0 || text.size() > most_bytes) {
            reason = got < 0 ? std::strerror(errno) : "it has no end";
            ::close(descriptor);
            return std::nullopt;
        }
        text.append(bytes.data(), static_cast<std::size_t>(got));
    }
    ::close(descriptor);
    return text;
}

std::optional<Address> address_of(const sockaddr& address) {
    if (address.sa_family == AF_INET) {
        sockaddr_in v4;
        std::memcpy(&v4, &address, sizeof v4);
        return Address::v4(ntohl(v4.sin_addr.s_addr));
    }
    if (address.sa_family == AF_INET6) {
        sockaddr_in6 v6;
        std::memcpy(&v6, &address, sizeof v6);
        Address::Bytes bytes;
        std::memcpy(bytes.data(), &v6.sin6_addr, bytes.size());
        return Address::v6(bytes);
    }
    return std::nullopt;
}

std::optional<Address> look_up(std::string_view name) {
    addrinfo hints{};
    hints.ai_family = AF_UNSPEC;
    hints.ai_socktype = SOCK_STREAM;
    addrinfo* found = nullptr;
    if (::getaddrinfo(std::string(name).c_str(), nullptr, &hints, &found) != 0) {
        return std::nullopt;
    }
    const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> owner(found, ::freeaddrinfo);
    return address_of(*found->ai_addr);
}

/// The machine's own list of services, then the built-in one: many machines have none.
std::optional<Port> look_up_service(std::string_view name) {
    if (const servent* service = ::getservbyname(std::string(name).c_str(), "tcp")) {
        return Port(ntohs(static_cast<std::uint16_t>(service->s_port)));
    }
    return config::well_known_tcp_port(name);
}

Checked<config::LvsConfig> read_only(const std::string& file) {
    std::string reason;
    const auto text = whole_file(file, reason);
    if (!text) {
        Checked<config::LvsConfig> nothing;
        nothing.diagnostics.error({file, 0, 0}, fmt::format("cannot be read: {}", reason));
        return nothing;
    }
    config::Options options;
    options.names = look_up;
    options.services = look_up_service;
    return config::parse(*text, file, options);
}

}  // namespace

Checked<config::LvsConfig> read_and_check_lvs_cf(const std::string& file) {
    auto read = read_only(file);
    if (!read) {
        return read;
    }
    // Notes tell what Piranha would do; here it is lvsrouter that runs.
    read.diagnostics.append(config::check_without_notes(*read));
    read.diagnostics.append(router::check_runnable(*read));
    read.diagnostics.sort();
    if (read.diagnostics.has_errors()) {
        read.value.reset();
    }
    return read;
}

}  // namespace lvslab::realmode
