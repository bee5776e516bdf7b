// SPDX-License-Identifier: GPL-2.0-only
#include "realmode/daemon/router_config.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <string_view>

#include <fmt/format.h>

#include "core/config/parse.hpp"
#include "core/config/places.hpp"
#include "core/config/print.hpp"
#include "realmode/host/route_socket.hpp"

namespace lvslab::realmode {
namespace {

/// The file as it is, if a value of it (blanks and both kinds of quotes) cannot be printed.
std::string without_names(const LvsCfFile& file) {
    auto printed = config::print(file.config);
    const auto again = config::parse(printed, "", {});
    return again && *again == file.config ? printed : file.text;
}

bool write_all(int descriptor, std::string_view text) {
    while (!text.empty()) {
        const auto n = ::write(descriptor, text.data(), text.size());
        if (n < 0 && errno != EINTR) {
            return false;
        }
        text.remove_prefix(n > 0 ? static_cast<std::size_t>(n) : 0);
    }
    return true;
}

/// A file of this process's user alone, whatever was there before.
bool write_private(const std::string& path, std::string_view text) {
    ::unlink(path.c_str());
    const int out = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (out < 0) {
        return false;
    }
    const bool written = write_all(out, text);
    const int error = errno;
    if (::close(out) != 0) {
        return false;
    }
    errno = error;
    return written;
}

}  // namespace

Diagnostics check_own_part(const config::LvsConfig& config, const std::vector<Address>& own) {
    const auto here = [&](const Address& address) {
        return !address.is_unspecified() && std::ranges::find(own, address) != own.end();
    };
    // A backup whose public interface is on another network (the manual's 3.3) still is one. Who
    // has `primary_private` alone would take the backup's part (pulse.c, amMaster), without its
    // addresses.
    Diagnostics found;
    if (!here(config.primary) && !here(config.backup) && !here(config.backup_private)) {
        found.error(config::place_of(config, "primary"),
                    fmt::format("this host has neither the address of primary ({}) nor that of "
                                "backup ({}): it is none of the two routers",
                                config.primary.to_string(), config.backup.to_string()));
    }
    return found;
}

std::vector<Address> addresses_of_host() {
    std::vector<Address> own;
    for (const auto& address : RouteSocket().addresses()) {
        own.push_back(address.network.address);
    }
    return own;
}

Checked<LvsCfFile> for_this_host(Checked<LvsCfFile> read) {
    if (read) {
        read.diagnostics.append(check_own_part(read->config, addresses_of_host()));
        read.diagnostics.sort();
        if (read.diagnostics.has_errors()) {
            read.value.reset();
        }
    }
    return read;
}

Checked<LvsCfFile> read_router_config(const std::string& file, const StillWaiting& still_waiting) {
    return for_this_host(read_lvs_cf(file, still_waiting));
}

std::optional<std::string> keep_in_force(const LvsCfFile& in_force, const std::string& file) {
    const auto fresh = file + ".new";
    if (write_private(fresh, without_names(in_force)) &&
        std::rename(fresh.c_str(), file.c_str()) == 0) {
        return std::nullopt;
    }
    return fmt::format("{}: cannot be written: {}", file, std::strerror(errno));
}

}  // namespace lvslab::realmode
