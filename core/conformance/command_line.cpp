// SPDX-License-Identifier: GPL-2.0-only
#include "core/conformance/command_line.hpp"

#include <charconv>
#include <optional>

#include <fmt/format.h>

namespace lvslab::conformance {
namespace {

std::vector<std::string_view> words_of(std::string_view text) {
    std::vector<std::string_view> words;
    while (true) {
        const auto start = text.find_first_not_of(" \t");
        if (start == std::string_view::npos) {
            return words;
        }
        text.remove_prefix(start);
        const auto end = std::min(text.find_first_of(" \t"), text.size());
        words.push_back(text.substr(0, end));
        text.remove_prefix(end);
    }
}

/// Decimal, or hexadecimal after 0x.
std::optional<std::uint32_t> number(std::string_view text) {
    int base = 10;
    if (text.starts_with("0x")) {
        text.remove_prefix(2);
        base = 16;
    }
    std::uint32_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
    if (text.empty() || error != std::errc{} || end != text.data() + text.size()) {
        return std::nullopt;
    }
    return value;
}

bool read_address(ServiceCommand& command, const std::vector<std::string_view>& words) {
    auto& key = command.key;
    const auto port = number(words[4]);
    if (!port || *port > 0xFFFF) {
        command.error = fmt::format("\"{}\" is no port", words[4]);
        return false;
    }
    if (words[2] == "fwm" || words[2] == "fwm6") {
        const auto mark = number(words[3]);
        if (!mark || *mark == 0) {
            command.error = fmt::format("\"{}\" is no firewall mark", words[3]);
            return false;
        }
        key.protocol = Protocol::ip;
        key.fwmark = Fwmark{*mark};
        key.family = words[2] == "fwm" ? Family::ipv4 : Family::ipv6;
        return true;
    }
    const auto protocol = parse_protocol(words[2]);
    const auto address = Address::parse(words[3]);
    if (!protocol || !address) {
        command.error = fmt::format("\"{} {}\", expected tcp, udp or fwm and an address or mark",
                                    words[2], words[3]);
        return false;
    }
    key = {*protocol, {*address, Port{static_cast<std::uint16_t>(*port)}}, {}, address->family()};
    return true;
}

/// What the kernel's flag bits say (IP_VS_SVC_F_*).
void apply_flags(ipvs::ServiceSettings& settings, std::uint32_t flags) {
    settings.one_packet = (flags & 0x4U) != 0;
    settings.scheduler_flag_1 = (flags & 0x8U) != 0;
    settings.scheduler_flag_2 = (flags & 0x10U) != 0;
}

void read_option(ServiceCommand& command, std::string_view word) {
    const auto equals = word.find('=');
    const auto name = word.substr(0, equals);
    const auto value =
        equals == std::string_view::npos ? std::string_view{} : word.substr(equals + 1);
    const auto as_number = number(value);
    if (name == "pers" && as_number) {
        command.settings.persistent = std::chrono::seconds(*as_number);
    } else if (name == "flags" && as_number && (*as_number & ~0x1FU) == 0) {
        apply_flags(command.settings, *as_number);
    } else if (name == "mask" && as_number && *as_number >= 1 && *as_number <= 128) {
        command.settings.persistence_prefix = *as_number;
    } else if (const auto mask = Address::parse(value); name == "mask" && mask && mask->is_v4()) {
        command.settings.persistence_mask = *mask;
    } else {
        command.error = fmt::format("\"{}\" of a service is not understood", word);
    }
}

/// One word of an iptables rule and what follows it.
struct RuleReader {
    MarkRule rule;
    bool marks = false;
    bool complete = false;
    std::string error;

    /// True if it used up `value` too.
    bool option(std::string_view name, std::string_view value) {
        if (name == "-t" || name == "-A" || name == "-I" || name == "-w" || name == "-m") {
            return name != "-w";
        }
        if (name == "-d") {
            rule.destination = value.find('/') == std::string_view::npos
                                   ? Network::parse(std::string(value) + "/32")
                                   : Network::parse(value);
            complain_unless(rule.destination.has_value(), value);
        } else if (name == "-p") {
            rule.protocol = parse_protocol(value);
            complain_unless(rule.protocol.has_value(), value);
        } else if (name == "--dport") {
            const auto port = number(value);
            complain_unless(port && *port <= 0xFFFF, value);
            rule.port = Port{static_cast<std::uint16_t>(port.value_or(0))};
        } else if (name == "-j") {
            marks = value == "MARK";
        } else if (name == "--set-mark" || name == "--set-xmark") {
            const auto mark = number(value.substr(0, value.find('/')));
            complain_unless(mark.has_value(), value);
            rule.mark = Fwmark{mark.value_or(0)};
            complete = true;
        } else {
            complain_unless(false, name);
        }
        return true;
    }

private:
    void complain_unless(bool fine, std::string_view word) {
        if (!fine && error.empty()) {
            error = fmt::format("\"{}\" in a shell command is not understood", word);
        }
    }
};

void read_one(ShellCommand& command, std::string_view text) {
    const auto words = words_of(text);
    if (words.empty()) {
        return;
    }
    RuleReader reader;
    if (words[0] != "iptables" && words[0] != "/sbin/iptables" && words[0] != "ip6tables") {
        command.error = fmt::format("shell command \"{}\" is not understood", text);
        return;
    }
    for (std::size_t i = 1; i < words.size(); ++i) {
        const auto value = i + 1 < words.size() ? words[i + 1] : std::string_view{};
        if (words[i] == "PREROUTING") {
            continue;
        }
        i += reader.option(words[i], value) ? 1U : 0U;
    }
    if (!reader.error.empty()) {
        command.error = reader.error;
    } else if (!reader.marks || !reader.complete) {
        command.error = fmt::format("shell command \"{}\" sets no mark", text);
    } else {
        command.rules.push_back(reader.rule);
    }
}

}  // namespace

ServiceCommand read_service_command(std::string_view text) {
    ServiceCommand command;
    const auto words = words_of(text);
    if (words.size() < 6) {
        command.error = fmt::format(
            "\"{}\", expected: svc+ NAME PROTOCOL VIP PORT SCHEDULER [pers=] [mask=] [flags=]",
            text);
        return command;
    }
    command.settings.scheduler = words[5];
    if (read_address(command, words)) {
        for (std::size_t i = 6; i < words.size() && command.error.empty(); ++i) {
            read_option(command, words[i]);
        }
    }
    return command;
}

ShellCommand read_shell_command(std::string_view text) {
    ShellCommand command;
    while (!text.empty() && command.error.empty()) {
        const auto end = text.find_first_of(";&");
        read_one(command, text.substr(0, end));
        const auto next =
            end == std::string_view::npos ? text.size() : text.find_first_not_of(";&", end);
        text.remove_prefix(std::min(next, text.size()));
    }
    return command;
}

}  // namespace lvslab::conformance
