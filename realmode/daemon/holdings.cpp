// SPDX-License-Identifier: GPL-2.0-only
#include "realmode/daemon/holdings.hpp"

#include <stdexcept>

#include <nlohmann/json.hpp>

namespace lvslab::realmode {
namespace {

using nlohmann::json;
using nlohmann::ordered_json;

bool change(Holdings& holdings, const Address& address, bool held) {
    auto& set = holdings.addresses;
    return held ? set.insert(address).second : set.erase(address) > 0;
}
bool change(Holdings& holdings, const HeldSync&, bool held) {
    return std::exchange(holdings.sync, held) != held;
}

void add(ordered_json& out, const Address& address) {
    out["address"] = address.to_string();
}
void add(ordered_json& out, const HeldSync&) {
    out["sync"] = true;
}

HoldingsChange read_change(const json& in) {
    const bool held = in.at("held").get<bool>();
    if (in.contains("address")) {
        const auto address = Address::parse(in["address"].get<std::string>());
        if (!address) {
            throw std::invalid_argument("no address");
        }
        return {held, *address};
    }
    in.at("sync");
    return {held, HeldSync{}};
}

}  // namespace

bool apply(Holdings& holdings, const HoldingsChange& what) {
    return std::visit([&](const auto& w) { return change(holdings, w, what.held); }, what.what);
}

std::string to_line(const HoldingsChange& change) {
    ordered_json out{{"held", change.held}};
    std::visit([&](const auto& what) { add(out, what); }, change.what);
    return out.dump();
}

std::optional<HoldingsChange> parse_holdings_line(std::string_view line) {
    const auto in = json::parse(line, nullptr, false);
    if (!in.is_object()) {
        return std::nullopt;
    }
    try {
        return read_change(in);
    } catch (const json::exception&) {
        return std::nullopt;
    } catch (const std::invalid_argument&) {
        return std::nullopt;
    }
}

std::vector<HoldingsChange> changes_to(const Holdings& holdings) {
    std::vector<HoldingsChange> changes;
    for (const auto& address : holdings.addresses) {
        changes.push_back({true, address});
    }
    if (holdings.sync) {
        changes.push_back({true, HeldSync{}});
    }
    return changes;
}

std::string to_lines(const Holdings& holdings) {
    std::string lines;
    for (const auto& change : changes_to(holdings)) {
        lines += to_line(change) + '\n';
    }
    return lines;
}

Holdings read_holdings(std::string_view lines) {
    Holdings holdings;
    while (!lines.empty()) {
        const auto end = lines.find('\n');
        if (const auto change = parse_holdings_line(lines.substr(0, end))) {
            apply(holdings, *change);
        }
        lines.remove_prefix(end == std::string_view::npos ? lines.size() : end + 1);
    }
    return holdings;
}

}  // namespace lvslab::realmode
