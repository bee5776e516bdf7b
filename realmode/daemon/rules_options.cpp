// SPDX-License-Identifier: GPL-2.0-only
#include "realmode/daemon/rules_options.hpp"

#include <cstdint>
#include <set>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace lvslab::realmode {

void RulesOptions::add_to(CLI::App& command) {
    command
        .add_option("--ftp-ports", ftp_ports,
                    "where FTP servers listen for passive data connections (pasv_min_port and "
                    "pasv_max_port of vsftpd)")
        ->type_name("FIRST:LAST")
        ->capture_default_str()
        ->check([](const std::string& text) {
            return router::PortRange::parse(text)
                       ? std::string()
                       : fmt::format("\"{}\" is no PORT or FIRST:LAST", text);
        });
    command
        .add_option("--mark-ports", mark_ports,
                    "more ports of the service with this firewall mark: an lvs.cf gives it one")
        ->type_name("MARK=PORT[:LAST]")
        ->allow_extra_args(false)
        ->check([](const std::string& text) {
            return router::MarkPorts::parse(text)
                       ? std::string()
                       : fmt::format("\"{}\" is no MARK=PORT or MARK=FIRST:LAST", text);
        });
}

router::HostRulesOptions RulesOptions::values() const {
    router::HostRulesOptions options;
    options.ftp_ports = router::PortRange::parse(ftp_ports).value();
    for (const auto& text : mark_ports) {
        options.mark_ports.push_back(router::MarkPorts::parse(text).value());
    }
    return options;
}

std::vector<std::string> RulesOptions::misfits(const config::LvsConfig& config) const {
    std::set<std::uint32_t> marks;
    for (const auto& v : config.virtual_servers) {
        if (v.active && v.fwmark != Fwmark{}) {
            marks.insert(v.fwmark.value());
        }
    }
    std::vector<std::string> found;
    for (const auto& text : mark_ports) {
        const auto mark = router::MarkPorts::parse(text).value().mark.value();
        if (!marks.contains(mark)) {
            found.push_back(fmt::format(
                "--mark-ports {}: no active virtual has fwmark {}; there {}", text, mark,
                marks.empty() ? "are none"
                              : fmt::format("{} {}", marks.size() == 1 ? "is" : "are",
                                            fmt::join(marks, ", "))));
        }
    }
    return found;
}

std::string RulesOptions::again() const {
    std::string text;
    if (ftp_ports != RulesOptions{}.ftp_ports) {
        text += " --ftp-ports " + ftp_ports;
    }
    for (const auto& ports : mark_ports) {
        text += " --mark-ports " + ports;
    }
    return text;
}

}  // namespace lvslab::realmode
