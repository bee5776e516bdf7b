// SPDX-License-Identifier: GPL-2.0-only
#include "tests/real/oracle/player.hpp"

#include <fcntl.h>
#include <netinet/in.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <sstream>
#include <thread>

#include <fmt/format.h>

#include "realmode/host/kernel_tick.hpp"

namespace lvslab::oracle {
namespace {

/// Names, addresses and shell commands of our own scripts: quotes and backslashes are all that
/// JSON minds in them.
std::string quoted(std::string_view text) {
    std::string out = "\"";
    for (const char c : text) {
        if (c == '"' || c == '\\') {
            out += '\\';
        }
        out += c;
    }
    return out + '"';
}

std::string number_list(const std::vector<Counters>& counters) {
    std::string out = "[";
    for (const auto& c : counters) {
        out += fmt::format("{}[\"{}\",{},{},{},{}]", out.size() > 1 ? "," : "",
                           c.endpoint.to_string(), c.weight, c.active, c.inactive, c.persistent);
    }
    return out + "]";
}

/// /proc/net/ip_vs_conn writes IPv4 addresses as 8 hex digits and IPv6 ones in full.
Address proc_address(const std::string& word) {
    if (word.find(':') != std::string::npos) {
        return Address::parse(word).value_or(Address{});
    }
    return Address::v4(static_cast<std::uint32_t>(std::stoul(word, nullptr, 16)));
}

std::string proc_endpoint(std::istream& words) {
    std::string address;
    std::string port;
    words >> address >> port;
    return Endpoint{proc_address(address),
                    static_cast<std::uint16_t>(std::stoul(port, nullptr, 16))}
        .to_string();
}

/// The text of a file, asked for in large pieces: the kernel makes the text as it is read, and a
/// table that is read slowly is not of one moment.
std::string whole_file(const char* path) {
    const int file = open(path, O_RDONLY | O_CLOEXEC);
    constexpr std::size_t piece = 256U << 10;
    std::string text;
    std::size_t filled = 0;
    for (ssize_t got = 1; file >= 0 && got > 0;) {
        text.resize(filled + piece);
        got = read(file, text.data() + filled, piece);
        filled += static_cast<std::size_t>(std::max<ssize_t>(got, 0));
    }
    close(file);
    text.resize(filled);
    return text;
}

}  // namespace

Player::Player(std::ostream& out, std::string script_name)
    : out_(out), script_name_(std::move(script_name)), start_(std::chrono::steady_clock::now()) {}

double Player::now_ms() const {
    return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start_)
        .count();
}

void Player::line(std::string_view op, const std::string& fields) {
    out_ << fmt::format("{{\"i\":{},\"t\":{:.3f},\"op\":\"{}\"{}}}\n", number_++, time_, op,
                        fields);
}

void Player::play(const std::vector<Step>& steps) {
    utsname kernel{};
    uname(&kernel);
    std::string tick;
    if (const auto seen = realmode::next_kernel_tick()) {
        time_ = std::chrono::duration<double, std::milli>(seen->time - start_.time_since_epoch())
                    .count();
        tick = fmt::format(",\"t\":{:.3f},\"jiffies\":{}", time_, seen->jiffies);
    }
    out_ << fmt::format("{{\"i\":{},\"op\":\"env\",\"kernel\":{},\"arch\":{},\"script\":{}{}}}\n",
                        number_++, quoted(kernel.release), quoted(kernel.machine),
                        quoted(script_name_), tick);
    std::set<std::string> names;
    for (const auto& step : steps) {
        if (step.words[0] == "svc+") {
            names.insert(word_of(step, 1));
        }
    }
    several_services_ = names.size() > 1;
    for (const auto& step : steps) {
        time_ = now_ms();
        play_step(step);
    }
}

void Player::play_step(const Step& step) {
    const auto& op = step.words[0];
    if (op == "in") {
        play_client_packet(step);
    } else if (op == "rs") {
        play_server_packet(step);
    } else if (op.starts_with("svc")) {
        play_service(step);
    } else if (op.starts_with("dst")) {
        play_destination(step);
    } else if (op == "sleep") {
        play_sleep(step);
    } else if (op == "timeout") {
        play_timeouts(step);
    } else if (op == "sysctl") {
        play_sysctl(step);
    } else if (op == "mark") {
        play_mark(step);
    } else if (op == "cnt") {
        for (const auto& service : services_) {
            time_ = now_ms();
            line("cnt", count_field(&service, several_services_));
        }
    } else if (op == "conns") {
        const auto rows = connections();
        line("conns", fmt::format(",\"t2\":{:.3f},\"conns\":{}", now_ms(), rows));
    } else if (op == "counters") {
        count_always_ = word_of(step, 1) == "1";
        line("counters", fmt::format(",\"on\":{}", count_always_ ? 1 : 0));
    } else {
        throw ScriptError{step.line, "no such operation: " + op};
    }
}

void Player::play_service(const Step& step) {
    const auto& op = step.words[0];
    const auto& name = word_of(step, 1);
    auto known = std::find_if(services_.begin(), services_.end(),
                              [&](const Service& s) { return s.name == name; });
    int error = 0;
    Service service;
    if (op == "svc-") {
        if (known == services_.end()) {
            throw ScriptError{step.line, "no service named " + name};
        }
        service = *known;
        error = ipvs_.remove(service);
        if (error == 0) {
            services_.erase(known);
        }
    } else {
        service = parse_service(step);
        error = op == "svc+" ? ipvs_.add(service) : ipvs_.edit(service);
        if (error == 0 && known == services_.end()) {
            services_.push_back(service);
        } else if (error == 0) {
            *known = service;
        }
    }
    line(op, fmt::format(",\"svc\":{},\"sched\":{},\"cmd\":{},\"err\":{}", quoted(name),
                         quoted(service.scheduler), quoted(step.text), error));
}

void Player::play_destination(const Step& step) {
    const auto& op = step.words[0];
    const auto& name = word_of(step, 1);
    const auto service = std::find_if(services_.begin(), services_.end(),
                                      [&](const Service& s) { return s.name == name; });
    if (service == services_.end()) {
        throw ScriptError{step.line, "no service named " + name};
    }
    const auto destination = parse_destination(step);
    link_.know_server(destination.endpoint.address);
    std::string fields = fmt::format(",\"svc\":{},\"dst\":{}", quoted(name), quoted(step.words[2]));
    int error = 0;
    if (op == "dst-") {
        error = ipvs_.remove(*service, destination);
    } else {
        error = op == "dst+" ? ipvs_.add(*service, destination) : ipvs_.edit(*service, destination);
        fields += fmt::format(",\"m\":{},\"w\":{}", quoted(step.words[3]), destination.weight);
        if (destination.upper != 0 || destination.lower != 0) {
            fields += fmt::format(",\"u\":{},\"l\":{}", destination.upper, destination.lower);
        }
    }
    line(op, fields + fmt::format(",\"err\":{}", error) + count_field(&*service, false));
}

Player::Flow Player::flow_of(const Step& step) const {
    return {word_of(step, 1) == "U", parse_endpoint(step, word_of(step, 2)),
            parse_endpoint(step, word_of(step, 3))};
}

void Player::play_client_packet(const Step& step) {
    const Flow flow = flow_of(step);
    const auto& letters = step.words[1];
    const auto flags = flow.udp ? std::uint8_t{0} : tcp_flags_of(letters).value_or(0);
    if (!flow.udp && flags == 0) {
        throw ScriptError{step.line, "U or letters of S F R P A expected, found " + letters};
    }
    const Service* service = service_of(flow);
    std::string fields;
    const bool decision = (letters == "S" || flow.udp) && known_.insert(flow).second;
    if (decision && !count_always_) {
        fields += count_field(service, several_services_);
    }
    fields += fmt::format(",\"f\":{},\"c\":{},\"v\":{}", quoted(letters), quoted(step.words[2]),
                          quoted(step.words[3]));
    const auto mark = mark_of(flow.virtual_endpoint.address);
    if (mark != 0) {
        fields += fmt::format(",\"mark\":{}", mark);
    }
    time_ = now_ms();
    fields +=
        outcome_of(flow, link_.exchange({flow.client, flow.virtual_endpoint, flow.udp, flags}));
    if (count_always_) {
        fields += count_field(service, several_services_);
    }
    line("in", fields);
}

std::string Player::outcome_of(const Flow& flow, const std::vector<SeenFrame>& seen) {
    std::string refusal;
    for (const auto& frame : seen) {
        if (frame.kind == SeenFrame::Kind::icmp) {
            refusal = fmt::format(",\"icmp\":[{},{}]", frame.icmp_type, frame.icmp_code);
        } else if (frame.source == flow.virtual_endpoint) {
            refusal = fmt::format(",\"reply\":{}", quoted(letters_of(frame.tcp_flags)));
        } else if (frame.tunnel) {
            real_servers_.erase(flow);  // its answers no longer pass the director
            return fmt::format(",\"to\":\"{}\",\"m\":\"tun\"",
                               Endpoint{*frame.tunnel, frame.destination.port}.to_string());
        } else if (frame.destination == flow.virtual_endpoint) {
            real_servers_.erase(flow);
            const auto server = link_.server_at(frame.next_hop);
            return server ? fmt::format(",\"to\":\"{}\",\"m\":\"dr\"",
                                        Endpoint{*server, frame.destination.port}.to_string())
                          : std::string(",\"to\":\"?\"");
        } else {
            real_servers_[flow] = frame.destination;
            return fmt::format(",\"to\":\"{}\"", frame.destination.to_string());
        }
    }
    return ",\"to\":null" + refusal;
}

void Player::play_server_packet(const Step& step) {
    const Flow flow = flow_of(step);
    const auto server = real_servers_.find(flow);
    if (server == real_servers_.end()) {
        return;  // the client never reached a real server that answers through the director
    }
    const auto flags = flow.udp ? std::uint8_t{0} : tcp_flags_of(step.words[1]).value_or(0);
    time_ = now_ms();
    const auto seen = link_.exchange({server->second, flow.client, flow.udp, flags});
    const bool translated = std::any_of(seen.begin(), seen.end(), [&](const SeenFrame& frame) {
        return frame.kind != SeenFrame::Kind::icmp && frame.source == flow.virtual_endpoint &&
               frame.destination == flow.client;
    });
    std::string fields = fmt::format(",\"f\":{},\"c\":{},\"v\":{},\"ok\":{}", quoted(step.words[1]),
                                     quoted(step.words[2]), quoted(step.words[3]), translated);
    if (count_always_) {
        fields += count_field(service_of(flow), several_services_);
    }
    line("rs", fields);
}

void Player::play_sleep(const Step& step) {
    const auto ms = parse_number(step, word_of(step, 1));
    std::this_thread::sleep_for(std::chrono::milliseconds(ms));
    line("sleep", fmt::format(",\"ms\":{},\"t2\":{:.3f}", ms, now_ms()) +
                      count_field(only_service(), several_services_));
}

void Player::play_timeouts(const Step& step) {
    const auto value = [&](std::size_t n) {
        return static_cast<std::uint32_t>(parse_number(step, word_of(step, n)));
    };
    const int error = ipvs_.set_timeouts(value(1), value(2), value(3));
    line("timeout", fmt::format(",\"tcp\":{},\"fin\":{},\"udp\":{},\"err\":{}", value(1), value(2),
                                value(3), error));
}

void Player::play_sysctl(const Step& step) {
    const auto& key = word_of(step, 1);
    const auto value = parse_number(step, word_of(step, 2));
    const bool taken = write_sysctl("net/ipv4/vs/" + key, std::to_string(value));
    line("sysctl",
         fmt::format(",\"k\":{},\"val\":{},\"err\":{}", quoted(key), value, taken ? 0 : EINVAL));
}

void Player::play_mark(const Step& step) {
    const auto network = Network::parse(word_of(step, 1));
    if (!network) {
        throw ScriptError{step.line, "ADDRESS/LENGTH expected, found " + step.words[1]};
    }
    const Mark mark{*network, static_cast<std::uint32_t>(parse_number(step, word_of(step, 2)))};
    const auto command = fmt::format("{} -t mangle -A PREROUTING -d {} -j MARK --set-mark {}",
                                     network->address.is_v4() ? "iptables" : "ip6tables",
                                     network->to_string(), mark.value);
    const int status = run_shell(command);
    marks_.push_back(mark);
    line("sh", fmt::format(",\"cmd\":{},\"rc\":{}", quoted(command), status));
}

std::uint32_t Player::mark_of(const Address& virtual_address) const {
    std::uint32_t mark = 0;
    for (const auto& m : marks_) {
        if (m.network.contains(virtual_address)) {
            mark = m.value;
        }
    }
    return mark;
}

const Service* Player::only_service() const {
    return services_.empty() ? nullptr : &services_.front();
}

const Service* Player::service_of(const Flow& flow) const {
    const auto mark = mark_of(flow.virtual_endpoint.address);
    const auto find = [this](auto&& matches) -> const Service* {
        const auto found = std::find_if(services_.begin(), services_.end(), matches);
        return found == services_.end() ? nullptr : &*found;
    };
    if (mark != 0) {
        if (const auto* s = find([&](const Service& c) { return c.fwmark == mark; })) {
            return s;
        }
    }
    const auto at_port = [&](std::uint16_t port) {
        return find([&, port](const Service& c) {
            return c.fwmark == 0 && c.protocol == (flow.udp ? IPPROTO_UDP : IPPROTO_TCP) &&
                   c.endpoint == Endpoint{flow.virtual_endpoint.address, port};
        });
    };
    const auto* exact = at_port(flow.virtual_endpoint.port);
    return exact != nullptr ? exact : at_port(0);
}

std::string Player::count_field(const Service* service, bool named) {
    if (service == nullptr) {
        return {};
    }
    return (named ? fmt::format(",\"svc\":{}", quoted(service->name)) : std::string()) +
           ",\"cnt\":" + number_list(ipvs_.counters(*service));
}

std::string Player::connections() {
    constexpr int patience = 20;
    auto rows = listed_connections();
    for (int again = 0; again < patience; ++again) {
        auto next = listed_connections();
        if (next.names == rows.names) {
            break;
        }
        rows = std::move(next);
    }
    time_ = rows.time;
    return rows.json;
}

Player::Listing Player::listed_connections() const {
    Listing listing;
    listing.time = now_ms();
    std::istringstream table(whole_file("/proc/self/net/ip_vs_conn"));
    std::string row;
    std::getline(table, row);
    listing.json = "[";
    while (std::getline(table, row)) {
        std::istringstream words(row);
        std::string protocol;
        words >> protocol;
        const auto client = proc_endpoint(words);
        const auto virtual_endpoint = proc_endpoint(words);
        const auto server = proc_endpoint(words);
        std::string state;
        std::string seconds;
        words >> state >> seconds;
        const auto name = fmt::format(R"("{}","{}","{}","{}","{}")", protocol, client,
                                      virtual_endpoint, server, state);
        listing.json += fmt::format("{}[{},{}]", listing.json.size() > 1 ? "," : "", name, seconds);
        listing.names += name;
    }
    listing.json += "]";
    return listing;
}

}  // namespace lvslab::oracle
