// SPDX-License-Identifier: GPL-2.0-only
// The checks of many servers, to be measured by probe_load.py; runs until it is ended.
//   probe_load serve PORT           accepts connections at every address of this host, and closes
//   probe_load check PORT SERVERS   connects to 127.1.0.1, 127.1.0.2, ... once a second each
#include <cstdlib>
#include <memory>
#include <string_view>
#include <variant>
#include <vector>

#include <fmt/format.h>
#include <sys/resource.h>
#include <boost/asio/ip/tcp.hpp>

#include "core/health/check.hpp"
#include "realmode/host/loop_timers.hpp"
#include "realmode/probes/prober.hpp"

namespace {

using namespace lvslab;
using boost::asio::ip::tcp;

/// One real server's check, as the router drives it.
class ServerCheck {
public:
    ServerCheck(realmode::LoopTimers& timers, realmode::AsioProber& prober, const Endpoint& server,
                Duration first_probe)
        : timers_(timers), prober_(prober), check_(settings()) {
        probe_.server = server;
        probe_.limit = std::chrono::seconds(1);
        step(health::Started{false, first_probe});
    }

private:
    static health::CheckSettings settings() {
        health::CheckSettings result;
        result.interval = std::chrono::seconds(1);
        result.reentry = std::chrono::seconds(1);
        return result;
    }
    void step(const health::Event& event) {
        for (const auto& action : check_.step(event, timers_.now())) {
            if (std::holds_alternative<health::StartProbe>(action)) {
                prober_.start(probe_, [this](bool up) { step(health::Probed{up}); });
            } else if (std::holds_alternative<health::RemoveServer>(action)) {
                fmt::print(stderr, "{} is down\n", probe_.server.to_string());
            }
        }
        if (check_.next_deadline() != never) {
            timers_.at(check_.next_deadline(), [this] { step(health::Woken{}); });
        }
    }

    realmode::LoopTimers& timers_;
    realmode::AsioProber& prober_;
    health::Check check_;
    health::ConnectProbe probe_;
};

void check(Port port, std::uint32_t servers) {
    realmode::EventLoop loop(1);
    realmode::LoopTimers timers(loop);
    realmode::AsioProber prober(loop, [](const auto& note) { fmt::print(stderr, "{}\n", note); });
    std::vector<std::unique_ptr<ServerCheck>> checks;
    for (std::uint32_t i = 0; i < servers; ++i) {
        const Endpoint server{Address::v4(0x7F010001 + i), port};
        const auto first = Duration(std::chrono::seconds(1)) * i / servers;
        checks.push_back(std::make_unique<ServerCheck>(timers, prober, server, first));
    }
    loop.run();
}

void accept(tcp::acceptor& acceptor) {
    acceptor.async_accept([&acceptor](auto, tcp::socket) { accept(acceptor); });
}

void serve(Port port) {
    realmode::EventLoop loop(1);
    tcp::acceptor acceptor(loop, {tcp::v4(), port.value()});
    accept(acceptor);
    loop.run();
}

/// 0 if it is no number.
std::uint32_t number(const char* text) {
    const auto read = split_number(text);
    return read && read->unit.empty() ? static_cast<std::uint32_t>(read->number) : 0;
}

}  // namespace

int main(int count, char** arguments) {
    const auto what = std::string_view(count > 1 ? arguments[1] : "");
    const auto port = count > 2 ? number(arguments[2]) : 0;
    const auto servers = count > 3 ? number(arguments[3]) : 0;
    rlimit descriptors{};
    getrlimit(RLIMIT_NOFILE, &descriptors);
    descriptors.rlim_cur = descriptors.rlim_max;
    setrlimit(RLIMIT_NOFILE, &descriptors);
    if (what == "serve" && port != 0) {
        serve(Port{static_cast<std::uint16_t>(port)});
    } else if (what == "check" && port != 0 && servers != 0) {
        check(Port{static_cast<std::uint16_t>(port)}, servers);
    } else {
        fmt::print(stderr, "usage: probe_load serve PORT | check PORT SERVERS\n");
        return 2;
    }
    return 0;
}
