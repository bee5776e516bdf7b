// SPDX-License-Identifier: GPL-2.0-only
#include "realmode/daemon/lvs_cf_file.hpp"

#include <netdb.h>
#include <netinet/in.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>
#include <utility>

#include <fmt/format.h>

#include "core/config/check.hpp"
#include "core/config/parse.hpp"
#include "core/router/daemon_settings.hpp"

namespace lvslab::realmode {
namespace {

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

/// A larger file is no lvs.cf.
constexpr std::size_t most_bytes = std::size_t{64} << 20;

/// The whole file, or nothing and errno. A directory opens, and fails when it is read.
std::optional<std::string> read_whole(const std::string& path) {
    const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(path.c_str(), "rbe"),
                                                               std::fclose);
    if (!file) {
        return std::nullopt;
    }
    std::string text;
    std::array<char, 65536> block;
    while (const auto n = std::fread(block.data(), 1, block.size(), file.get())) {
        text.append(block.data(), n);
        if (text.size() > most_bytes) {
            errno = EFBIG;
            return std::nullopt;
        }
    }
    return std::ferror(file.get()) != 0 ? std::nullopt : std::optional(std::move(text));
}

}  // namespace

Checked<LvsCfFile> read_lvs_cf(const std::string& file) {
    auto text = read_whole(file);
    if (!text) {
        Checked<LvsCfFile> unread;
        unread.diagnostics.error({file}, fmt::format("cannot be read: {}", std::strerror(errno)));
        return unread;
    }
    return read_lvs_cf_text(*std::move(text), file);
}

Checked<LvsCfFile> read_lvs_cf_text(std::string text, const std::string& file) {
    Checked<LvsCfFile> result;
    config::Options options;
    options.names = look_up;
    options.services = look_up_service;
    auto read = config::parse(text, file, options);
    result.diagnostics = std::move(read.diagnostics);
    if (read) {
        result.diagnostics.append(config::check_without_notes(*read));
        result.diagnostics.append(router::check_runnable(*read));
        result.diagnostics.sort();
        if (!result.diagnostics.has_errors()) {
            result.value = LvsCfFile{std::move(text), *std::move(read.value)};
        }
    }
    return result;
}

}  // namespace lvslab::realmode
