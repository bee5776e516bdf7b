// SPDX-License-Identifier: GPL-2.0-only
#include "core/world/ftp_lines.hpp"

#include <algorithm>
#include <set>

namespace lvslab::world {
namespace {

/// A line without CRLF that is longer than this is no FTP.
constexpr std::size_t longest_line = 4096;

}  // namespace

std::vector<std::string> FtpLines::take(std::string_view bytes) {
    text_ += bytes;
    std::vector<std::string> lines;
    for (auto end = text_.find("\r\n"); end != std::string::npos; end = text_.find("\r\n")) {
        lines.push_back(text_.substr(0, end));
        text_.erase(0, end + 2);
    }
    if (text_.size() > longest_line) {
        text_.clear();
    }
    return lines;
}

std::vector<Port> ftp_ports(const scenario::Scenario& scenario) {
    std::set<Port> ports;
    for (const auto& w : scenario.workloads) {
        if (w.kind == scenario::Workload::Kind::ftp) {
            ports.insert(w.to.port);
        }
    }
    return {ports.begin(), ports.end()};
}

bool serves_ftp(const scenario::Scenario& scenario, Port port) {
    return std::ranges::binary_search(ftp_ports(scenario), port);
}

}  // namespace lvslab::world
