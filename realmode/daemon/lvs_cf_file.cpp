// SPDX-License-Identifier: GPL-2.0-only
#include "realmode/daemon/lvs_cf_file.hpp"

#include <netdb.h>

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

Checked<LvsCfText> LvsCfText::read(const std::string& file) {
    Checked<LvsCfText> result;
    if (auto text = read_whole(file)) {
        result.value = LvsCfText(*std::move(text), file);
    } else {
        result.diagnostics.error({file}, fmt::format("cannot be read: {}", std::strerror(errno)));
    }
    return result;
}

/// Parsed for its names alone: who knows none of them calls each an error, which says nothing yet.
LvsCfText::LvsCfText(std::string text, std::string file)
    : text_(std::move(text)), file_(std::move(file)) {
    config::Options options;
    options.names = [this](std::string_view name) -> std::optional<Address> {
        names_.emplace(name);
        return std::nullopt;
    };
    options.services = look_up_service;
    static_cast<void>(config::parse(text_, file_, options));
}

Checked<LvsCfFile> LvsCfText::with(const NamedAddresses& addresses) const {
    Checked<LvsCfFile> result;
    config::Options options;
    options.names = [&](std::string_view name) {
        const auto found = addresses.find(name);
        return found == addresses.end() ? std::nullopt : std::optional(found->second);
    };
    options.services = look_up_service;
    auto read = config::parse(text_, file_, options);
    result.diagnostics = std::move(read.diagnostics);
    if (read) {
        result.diagnostics.append(config::check_without_notes(*read));
        result.diagnostics.append(router::check_runnable(*read));
        result.diagnostics.sort();
        if (!result.diagnostics.has_errors()) {
            result.value = LvsCfFile{text_, *std::move(read.value)};
        }
    }
    return result;
}

Checked<LvsCfFile> read_lvs_cf(const std::string& file, const StillWaiting& still_waiting) {
    const auto text = LvsCfText::read(file);
    if (!text) {
        return {std::nullopt, text.diagnostics};
    }
    try {
        const NameLookup lookup(text->names());
        while (!lookup.wait_for(std::chrono::seconds(1)) && (!still_waiting || still_waiting())) {
        }
        return text->with(lookup.found());
    } catch (const std::system_error& error) {
        return names_not_looked_up(file, error);
    }
}

Checked<LvsCfFile> names_not_looked_up(const std::string& file, const std::system_error& error) {
    Checked<LvsCfFile> result;
    result.diagnostics.error({file},
                             fmt::format("its names cannot be looked up: {}", error.what()));
    return result;
}

}  // namespace lvslab::realmode
