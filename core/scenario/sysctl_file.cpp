// SPDX-License-Identifier: GPL-2.0-only
#include "core/scenario/sysctl_file.hpp"

#include <algorithm>
#include <charconv>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "core/base/spelling.hpp"

namespace lvslab::scenario {
namespace {

constexpr std::string_view blanks = " \t\r";

std::string_view trimmed(std::string_view text) {
    const auto first = text.find_first_not_of(blanks);
    if (first == std::string_view::npos) {
        return {};
    }
    return text.substr(first, text.find_last_not_of(blanks) - first + 1);
}

constexpr std::string_view modelled[] = {
    "expire_nodest_conn", "expire_quiescent_template", "conn_reuse_mode",  "sloppy_tcp",
    "secure_tcp",         "lblc_expiration",           "lblcr_expiration", "sync_threshold",
    "sync_period",        "sync_refresh_period",       "sync_retries",     "sync_persist_mode",
    "sync_version"};
// They change no decision, state or message that is modelled.
constexpr std::string_view without_effect[] = {
    "am_droprate",     "amemthresh",  "nat_icmp_send", "pmtu_disc",      "run_estimation",
    "snat_reroute",    "sync_ports",  "sync_qlen_max", "sync_sock_size", "schedule_icmp",
    "ignore_tunneled", "est_cpulist", "est_nice",      "debug_level"};
// Their effect is not modelled: only 0 can be set.
constexpr std::string_view off_only[] = {"backup_only", "cache_bypass", "conntrack", "drop_entry",
                                         "drop_packet"};

template <std::size_t n>
bool has(const std::string_view (&names)[n], std::string_view name) {
    return std::ranges::find(names, name) != std::end(names);
}

class FileReader {
public:
    FileReader(const std::string& file, Checked<SysctlFile>& result)
        : values_(result.value.emplace()), d_(result.diagnostics) {
        where_.file = file;
    }

    void read(std::string_view text) {
        while (!text.empty()) {
            const auto end = std::min(text.find('\n'), text.size());
            ++where_.line;
            read_line(text.substr(0, end));
            text.remove_prefix(std::min(end + 1, text.size()));
        }
        if (!ignored_.empty()) {
            d_.note(first_ignored_,
                    fmt::format("without effect here: {}", fmt::join(ignored_, ", ")));
        }
    }

private:
    SourceLocation at(std::string_view line, std::string_view part) const {
        auto place = where_;
        place.column = static_cast<unsigned>(part.data() - line.data()) + 1;
        return place;
    }

    void read_line(std::string_view line) {
        auto setting = trimmed(line);
        if (setting.empty() || setting.front() == '#' || setting.front() == ';') {
            return;
        }
        if (setting.front() == '-') {  // sysctl -p: an error of this one does not matter
            setting.remove_prefix(1);
        }
        const auto equals = setting.find('=');
        if (equals == std::string_view::npos) {
            d_.error(at(line, setting),
                     fmt::format("\"{}\" has no \"=\"; expected NAME = VALUE", setting));
            return;
        }
        const auto written = trimmed(setting.substr(0, equals));
        const auto value = trimmed(setting.substr(equals + 1));
        std::string name(written);
        std::ranges::replace(name, '/', '.');
        const auto place = at(line, value.empty() ? setting : value);
        constexpr std::string_view vs = "net.ipv4.vs.";
        if (name == "net.ipv4.ip_forward") {
            if (const auto number = whole(name, value, place)) {
                values_.ip_forward = *number != 0;
            }
        } else if (name.starts_with(vs)) {
            set_ipvs(std::string_view(name).substr(vs.size()), value, at(line, setting), place);
        } else {
            ignore(name, at(line, setting));
        }
    }

    void ignore(const std::string& name, const SourceLocation& where) {
        if (ignored_.empty()) {
            first_ignored_ = where;
        }
        ignored_.push_back(name);
    }

    std::optional<unsigned> whole(std::string_view name, std::string_view text,
                                  const SourceLocation& where) {
        unsigned value{};
        const auto* last = text.data() + text.size();
        const auto [end, error] = std::from_chars(text.data(), last, value);
        if (text.empty() || error != std::errc{} || end != last || value > most) {
            d_.error(where, fmt::format("{} = {}: expected a whole number from 0 to {}", name, text,
                                        most));
            return std::nullopt;
        }
        return value;
    }

    void set_ipvs(std::string_view name, std::string_view text, const SourceLocation& name_place,
                  const SourceLocation& place) {
        if (name == "sync_threshold") {
            set_threshold(text, place);
            return;
        }
        if (has(without_effect, name)) {
            ignore("net.ipv4.vs." + std::string(name), name_place);
            return;
        }
        if (!has(modelled, name) && !has(off_only, name)) {
            std::vector<std::string_view> known(std::begin(modelled), std::end(modelled));
            d_.error(name_place, fmt::format("IPVS has no setting net.ipv4.vs.{}{}", name,
                                             suggestion(name, known)));
            return;
        }
        const auto value = whole(name, text, place);
        if (value && has(off_only, name)) {
            if (*value != 0) {
                d_.error(place, fmt::format("net.ipv4.vs.{} = {} is not modelled; only 0 is", name,
                                            *value));
            }
        } else if (value) {
            set(name, *value);
        }
    }

    void set(std::string_view name, unsigned value) {
        auto& ipvs = values_.ipvs;
        const auto seconds = std::chrono::seconds(value);
        if (name == "expire_nodest_conn") {
            ipvs.expire_nodest_conn = value != 0;
        } else if (name == "expire_quiescent_template") {
            ipvs.expire_quiescent_template = value != 0;
        } else if (name == "conn_reuse_mode") {
            ipvs.conn_reuse_mode = value;
        } else if (name == "sloppy_tcp") {
            ipvs.sloppy_tcp = value != 0;
        } else if (name == "secure_tcp") {
            ipvs.secure_tcp = value;
        } else if (name == "lblc_expiration") {
            ipvs.lblc_expiration = seconds;
        } else if (name == "lblcr_expiration") {
            ipvs.lblcr_expiration = seconds;
        } else if (name == "sync_period") {
            ipvs.sync_period = value;
        } else if (name == "sync_refresh_period") {
            ipvs.sync_refresh_period = seconds;
        } else if (name == "sync_retries") {
            ipvs.sync_retries = value;
        } else if (name == "sync_persist_mode") {
            ipvs.sync_persist_mode = value != 0;
        } else if (name == "sync_version") {
            ipvs.sync_version = value;
        }
    }

    // "3 50": the threshold and the period (ip_vs_ctl.c, proc_do_sync_threshold: the first below
    // the second, unless the second is 0).
    void set_threshold(std::string_view text, const SourceLocation& place) {
        const auto blank = std::min(text.find_first_of(blanks), text.size());
        const auto threshold = whole("sync_threshold", text.substr(0, blank), place);
        if (!threshold) {
            return;
        }
        auto period = values_.ipvs.sync_period;
        if (blank < text.size()) {
            const auto second = whole("sync_threshold", trimmed(text.substr(blank)), place);
            if (!second) {
                return;
            }
            period = *second;
        }
        if (period != 0 && *threshold >= period) {
            d_.error(place, fmt::format("sync_threshold = {}: the threshold is not below the "
                                        "period {}",
                                        text, period));
            return;
        }
        values_.ipvs.sync_threshold = *threshold;
        values_.ipvs.sync_period = period;
    }

    static constexpr unsigned most = 2147483647;

    SysctlFile& values_;
    Diagnostics& d_;
    SourceLocation where_;
    std::vector<std::string> ignored_;
    SourceLocation first_ignored_;
};

}  // namespace

Checked<SysctlFile> read_sysctl(std::string_view text, const std::string& file) {
    Checked<SysctlFile> result;
    FileReader(file, result).read(text);
    if (result.diagnostics.has_errors()) {
        result.value.reset();
    }
    return result;
}

}  // namespace lvslab::scenario
