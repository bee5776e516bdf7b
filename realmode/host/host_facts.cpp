// SPDX-License-Identifier: GPL-2.0-only
#include "realmode/host/host_facts.hpp"

#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/timex.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <bit>
#include <charconv>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <memory>
#include <set>
#include <sstream>
#include <system_error>
#include <utility>

#include <fmt/format.h>

#include "core/router/desired_services.hpp"
#include "realmode/host/program_output.hpp"

namespace lvslab::realmode {
namespace {

namespace fs = std::filesystem;

std::string text_of(const fs::path& file) {
    const std::ifstream in(file, std::ios::binary);
    std::ostringstream text;
    text << in.rdbuf();
    return text.str();
}

template <class Each>
void for_lines(std::string_view text, const Each& each) {
    while (!text.empty()) {
        const auto end = std::min(text.find('\n'), text.size());
        each(text.substr(0, end));
        text.remove_prefix(std::min(end + 1, text.size()));
    }
}

std::vector<std::string_view> words_of(std::string_view line) {
    std::vector<std::string_view> words;
    while (true) {
        line.remove_prefix(std::min(line.find_first_not_of(" \t"), line.size()));
        if (line.empty()) {
            return words;
        }
        const auto end = std::min(line.find_first_of(" \t"), line.size());
        words.push_back(line.substr(0, end));
        line.remove_prefix(end);
    }
}

std::optional<std::uint32_t> hex(std::string_view text) {
    std::uint32_t value{};
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, 16);
    return error == std::errc{} && end == text.data() + text.size() ? std::optional(value)
                                                                    : std::nullopt;
}

/// "0100007F" of the kernel: words of 32 bits, printed in host order.
std::optional<Address> address_of_hex(std::string_view text) {
    if (text.size() != 8 && text.size() != 32) {
        return std::nullopt;
    }
    Address::Bytes bytes{};
    for (std::size_t i = 0; i < text.size() / 8; ++i) {
        const auto word = hex(text.substr(8 * i, 8));
        if (!word) {
            return std::nullopt;
        }
        std::memcpy(bytes.data() + 4 * i, &*word, 4);
    }
    if (text.size() == 32) {
        return Address::v6(bytes);
    }
    std::uint32_t host_order = 0;
    for (std::size_t i = 0; i < 4; ++i) {
        host_order = host_order << 8 | bytes[i];
    }
    return Address::v4(host_order);
}

std::string as_in_names(std::string_view module) {
    std::string name(module);
    std::ranges::replace(name, '-', '_');
    return name;
}

// ---- processes

/// Looks at every process that this one may look at.
template <class Each>
void for_processes(const Each& each) {
    std::error_code ended;
    for (fs::directory_iterator at("/proc", ended), end; !ended && at != end; at.increment(ended)) {
        const auto name = at->path().filename().string();
        int pid = 0;
        const auto [last, error] = std::from_chars(name.data(), name.data() + name.size(), pid);
        if (error == std::errc{} && last == name.data() + name.size()) {
            each(pid, at->path());
        }
    }
}

std::string program_of(const fs::path& process) {
    auto name = text_of(process / "comm");
    if (name.ends_with('\n')) {
        name.pop_back();
    }
    return name;
}

std::string link_of(const fs::path& link) {
    std::error_code failed;
    return fs::read_symlink(link, failed).string();
}

std::optional<int> other_router() {
    const auto here = link_of("/proc/self/ns/net");
    std::optional<int> found;
    for_processes([&](int pid, const fs::path& process) {
        if (pid != ::getpid() && program_of(process) == "lvsrouter" &&
            link_of(process / "ns/net") == here && (!found || pid < *found)) {
            found = pid;
        }
    });
    return found;
}

void find_owners(std::vector<std::pair<UdpPort, std::string>>& ports) {
    for_processes([&](int pid, const fs::path& process) {
        std::error_code ended;
        for (fs::directory_iterator at(process / "fd", ended), end; !ended && at != end;
             at.increment(ended)) {
            const auto target = link_of(at->path());
            for (auto& [port, inode] : ports) {
                if (target == "socket:[" + inode + "]") {
                    port.program = program_of(process);
                    port.pid = pid;
                }
            }
        }
    });
}

// ---- the kernel's modules and settings

class Modules {
public:
    Modules() {
        utsname kernel{};
        if (::uname(&kernel) == 0) {
            const fs::path folder = fs::path("/lib/modules") / kernel.release;
            loadable_ = text_of(folder / "modules.dep");
            built_in_ = text_of(folder / "modules.builtin");
        }
    }

    ModuleState state(const std::string& name) const {
        std::error_code failed;
        if (fs::exists("/sys/module/" + name, failed) || lists_module(built_in_, name)) {
            return ModuleState::loaded;
        }
        return loadable_.empty()               ? ModuleState::unknown
               : lists_module(loadable_, name) ? ModuleState::loadable
                                               : ModuleState::absent;
    }

private:
    std::string loadable_, built_in_;
};

std::set<std::string> modules_that_matter(const config::LvsConfig& config,
                                          const router::HostRules& rules) {
    std::set<std::string> names{"ip_vs"};
    for (const auto& service : router::desired_services(config)) {
        names.insert("ip_vs_" + service.settings.scheduler);
    }
    names.insert(rules.modules.begin(), rules.modules.end());
    return names;
}

void read_setting(const std::string& name, const fs::path& file, HostFacts& facts) {
    const auto text = text_of(file);
    int value{};
    if (std::from_chars(text.data(), text.data() + text.size(), value).ec == std::errc{}) {
        facts.settings[name] = value;
    }
}

void read_settings(HostFacts& facts) {
    read_setting("net.ipv4.ip_forward", "/proc/sys/net/ipv4/ip_forward", facts);
    read_setting("net.ipv6.conf.all.forwarding", "/proc/sys/net/ipv6/conf/all/forwarding", facts);
    read_setting("net.ipv4.vs.conntrack", "/proc/sys/net/ipv4/vs/conntrack", facts);
    std::error_code ended;
    for (fs::directory_iterator at("/proc/sys/net/ipv4/conf", ended), end; !ended && at != end;
         at.increment(ended)) {
        const auto device = at->path().filename().string();
        for (const auto* setting : {"arp_ignore", "arp_announce", "rp_filter"}) {
            read_setting(fmt::format("net.ipv4.conf.{}.{}", device, setting), at->path() / setting,
                         facts);
        }
    }
}

// ---- devices and addresses

std::optional<std::pair<Address, unsigned>> address_of(const sockaddr* address,
                                                       const sockaddr* mask) {
    if (address == nullptr || mask == nullptr) {
        return std::nullopt;
    }
    if (address->sa_family == AF_INET) {
        sockaddr_in v4, v4_mask;
        std::memcpy(&v4, address, sizeof v4);
        std::memcpy(&v4_mask, mask, sizeof v4_mask);
        return std::pair(Address::v4(ntohl(v4.sin_addr.s_addr)),
                         static_cast<unsigned>(std::popcount(v4_mask.sin_addr.s_addr)));
    }
    if (address->sa_family == AF_INET6) {
        sockaddr_in6 v6, v6_mask;
        std::memcpy(&v6, address, sizeof v6);
        std::memcpy(&v6_mask, mask, sizeof v6_mask);
        Address::Bytes bytes;
        std::memcpy(bytes.data(), &v6.sin6_addr, bytes.size());
        unsigned length = 0;
        for (const auto byte : v6_mask.sin6_addr.s6_addr) {
            length += static_cast<unsigned>(std::popcount(byte));
        }
        return std::pair(Address::v6(bytes), length);
    }
    return std::nullopt;
}

void read_devices(HostFacts& facts) {
    ifaddrs* list = nullptr;
    if (::getifaddrs(&list) != 0) {
        return;
    }
    const std::unique_ptr<ifaddrs, decltype(&::freeifaddrs)> owner(list, ::freeifaddrs);
    for (const auto* item = list; item != nullptr; item = item->ifa_next) {
        // An address of the old ifconfig has the name of its alias, eth0:1.
        std::string name = item->ifa_name;
        name.resize(std::min(name.find(':'), name.size()));
        const auto has = [&](unsigned flag) { return (item->ifa_flags & flag) != 0; };
        if (std::ranges::find(facts.devices, name, &HostDevice::name) == facts.devices.end()) {
            facts.devices.push_back({name, has(IFF_UP), has(IFF_RUNNING), has(IFF_LOOPBACK)});
        }
        if (const auto address = address_of(item->ifa_addr, item->ifa_netmask)) {
            facts.addresses.push_back({{address->first, address->second}, name});
        }
    }
}

void read_udp_ports(const config::LvsConfig& config, HostFacts& facts) {
    std::vector<std::pair<UdpPort, std::string>> found;
    for (const auto* file : {"/proc/net/udp", "/proc/net/udp6"}) {
        for (const auto& line : parse_proc_net_udp(text_of(file))) {
            if (line.endpoint.port == config.heartbeat_port) {
                found.push_back({{line.endpoint, {}, 0}, line.inode});
            }
        }
    }
    if (!found.empty()) {
        find_owners(found);
    }
    for (auto& [port, inode] : found) {
        facts.udp_ports.push_back(std::move(port));
    }
}

// ---- loaded rules

void read_rules(const config::LvsConfig& config, HostFacts& facts) {
    const auto devices = scenario::device_sides(config);
    const auto run = [&](const std::vector<std::string>& command) {
        auto output = output_of(command);
        if (!output.failure.empty()) {
            facts.rules_not_read.push_back(
                fmt::format("{}: {}", fmt::join(command, " "), output.failure));
        }
        return output.failure.empty() ? std::optional(output.text) : std::nullopt;
    };
    // Asked only where it has tables: the old program would load modules to look for more.
    if (!text_of("/proc/net/ip_tables_names").empty()) {
        if (const auto text = run({"iptables-legacy-save"})) {
            add_iptables(*text, "iptables-legacy-save", devices, facts.rules);
            add_iptables_filter(*text, "iptables-legacy-save", "ip", facts.filters);
        }
    }
    for (const auto& [program, family] :
         {std::pair("iptables-save", "ip"), std::pair("ip6tables-save", "ip6")}) {
        if (const auto text = run({program})) {
            add_iptables(*text, program, devices, facts.rules);
            add_iptables_filter(*text, program, family, facts.filters);
        }
    }
    if (const auto text = run({"nft", "-j", "list", "ruleset"})) {
        if (!add_nftables(*text, facts.rules) || !add_nftables_filter(*text, facts.filters)) {
            facts.rules_not_read.emplace_back("nft -j list ruleset: printed something else");
        }
    }
    if (const auto arp = output_of({"arptables-save"}); arp.failure.empty()) {
        add_arptables(arp.text, facts.rules);
    }
}

// ---- who else holds an address

/// More would be a flood, and names for hardware addresses are all that they are for.
constexpr std::size_t most_servers_asked = 256;

void read_neighbours(const config::LvsConfig& config, HostFacts& facts) {
    const auto questions = questions_to_neighbours(config, facts);
    if (questions.empty()) {
        return;
    }
    try {
        facts.probe = probe_addresses(questions);
    } catch (const std::system_error& error) {
        facts.probe.failures.emplace_back(error.what());
    }
}

std::optional<bool> clock_synchronised() {
    timex times{};
    const int state = ::adjtimex(&times);
    return state < 0 ? std::nullopt
                     : std::optional(state != TIME_ERROR && (times.status & STA_UNSYNC) == 0);
}

}  // namespace

std::vector<AddressQuestion> floating_addresses(const config::LvsConfig& config) {
    std::vector<AddressQuestion> found;
    const auto add = [&](const Address& address, const std::string& alias) {
        const AddressQuestion floating{address, alias.substr(0, alias.find(':'))};
        if (std::ranges::find(found, floating) == found.end()) {
            found.push_back(floating);
        }
    };
    for (const auto& v : config.virtual_servers) {
        if (v.active) {
            add(v.address, v.device);
        }
    }
    if (config.network == config::NetworkType::nat && config.nat_router) {
        add(*config.nat_router, config.nat_router_device);
    }
    return found;
}

RouterParts router_parts(const config::LvsConfig& config, const HostFacts& facts) {
    const auto here = [&](const Address& address) {
        return !address.is_unspecified() &&
               std::ranges::any_of(facts.addresses, [&](const HostAddress& a) {
                   return a.network.address == address;
               });
    };
    RouterParts parts{here(config.primary), here(config.backup)};
    parts.backup = parts.backup || (!parts.primary && here(config.backup_private));
    return parts;
}

std::vector<AddressQuestion> questions_to_neighbours(const config::LvsConfig& config,
                                                     const HostFacts& facts) {
    const auto here = [&](const Address& address) {
        return std::ranges::any_of(
            facts.addresses, [&](const HostAddress& a) { return a.network.address == address; });
    };
    std::vector<AddressQuestion> questions;
    if (!router_parts(config, facts).any()) {
        return questions;
    }
    std::set<std::string> devices;
    const auto ask = [&](const Address& address, const std::string& device) {
        const AddressQuestion question{address, device};
        if (!address.is_unspecified() && !device.empty() && !here(address) &&
            std::ranges::find(questions, question) == questions.end()) {
            questions.push_back(question);
            devices.insert(device);
        }
    };
    for (const auto& [address, device] : floating_addresses(config)) {
        ask(address, device);
    }
    const auto ask_neighbour = [&](const Address& address) {
        for (const auto& a : facts.addresses) {
            if (devices.contains(a.device) && a.network.contains(address)) {
                ask(address, a.device);
            }
        }
    };
    for (const auto& address :
         {config.primary, config.backup, config.primary_private, config.backup_private}) {
        ask_neighbour(address);
    }
    std::size_t servers = 0;
    for (const auto& v : config.virtual_servers) {
        for (const auto& server : v.servers) {
            if (v.active && server.active && ++servers <= most_servers_asked) {
                ask_neighbour(server.address);
            }
        }
    }
    return questions;
}

std::vector<UdpSocketLine> parse_proc_net_udp(std::string_view text) {
    std::vector<UdpSocketLine> sockets;
    for_lines(text, [&](std::string_view line) {
        const auto words = words_of(line);
        if (words.size() < 10) {
            return;
        }
        const auto colon = words[1].find(':');
        const auto address = address_of_hex(words[1].substr(0, colon));
        const auto port =
            colon == std::string_view::npos ? std::nullopt : hex(words[1].substr(colon + 1));
        if (address && port && *port <= 65535) {
            sockets.push_back(
                {{*address, Port{static_cast<std::uint16_t>(*port)}}, std::string(words[9])});
        }
    });
    return sockets;
}

bool lists_module(std::string_view text, std::string_view name) {
    bool found = false;
    for_lines(text, [&](std::string_view line) {
        // "kernel/net/netfilter/ipvs/ip_vs.ko.xz: kernel/lib/libcrc32c.ko.xz"
        line = line.substr(0, line.find(':'));
        line.remove_prefix(line.rfind('/') + 1);
        const auto end = line.find(".ko");
        found |= end != std::string_view::npos && as_in_names(line.substr(0, end)) == name;
    });
    return found;
}

HostFacts read_host_facts(const config::LvsConfig& config, const router::HostRules& rules) {
    HostFacts facts;
    std::error_code failed;
    facts.ipvs = fs::exists("/proc/net/ip_vs", failed);
    const Modules modules;
    for (const auto& name : modules_that_matter(config, rules)) {
        facts.modules[name] = modules.state(name);
    }
    read_settings(facts);
    read_devices(facts);
    read_udp_ports(config, facts);
    read_rules(config, facts);
    read_neighbours(config, facts);
    facts.router_pid = other_router();
    facts.clock_synchronised = clock_synchronised();
    return facts;
}

}  // namespace lvslab::realmode
