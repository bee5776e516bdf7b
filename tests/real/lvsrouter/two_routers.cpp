// SPDX-License-Identifier: GPL-2.0-only
#include "tests/real/lvsrouter/two_routers.hpp"

#include <fcntl.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <string_view>
#include <system_error>
#include <thread>

#include <fmt/format.h>

namespace lvslab::realmode {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

const Address vip = Address::parse("10.0.0.10").value();

void checked(int result, const std::string& what) {
    if (result < 0) {
        throw std::system_error(errno, std::generic_category(), what);
    }
}

void ip(const std::string& commands) {
    std::ofstream("/tmp/ip.batch") << commands;
    if (std::system("ip -batch /tmp/ip.batch") != 0) {
        throw std::runtime_error("ip -batch: " + commands);
    }
}

std::string read_file(const std::string& path) {
    std::ifstream in(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
}

/// Calls in another network namespace.
template <class Call>
void inside(int there, const Call& call) {
    const int before = ::open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
    checked(::setns(there, CLONE_NEWNET), "setns");
    call();
    checked(::setns(before, CLONE_NEWNET), "setns");
    ::close(before);
}

/// A real server that answers every connection, in a process of its own.
pid_t serve(const char* address) {
    const pid_t server = ::fork();
    if (server != 0) {
        return server;
    }
    const int listener = ::socket(AF_INET, SOCK_STREAM, 0);
    // Connections of the server before are in TIME_WAIT.
    const int on = 1;
    ::setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    sockaddr_in at{};
    at.sin_family = AF_INET;
    at.sin_port = htons(80);
    at.sin_addr.s_addr = htonl(Address::parse(address).value().v4_host_order());
    if (::bind(listener, reinterpret_cast<const sockaddr*>(&at), sizeof at) != 0 ||
        ::listen(listener, 100) != 0) {
        std::perror(address);
        ::_exit(EXIT_FAILURE);
    }
    for (;;) {
        const int client = ::accept(listener, nullptr, nullptr);
        std::array<char, 1000> request{};
        static constexpr std::string_view answer = "HTTP/1.0 200 OK\r\n\r\n";
        if (::recv(client, request.data(), request.size(), 0) > 0) {
            ::send(client, answer.data(), answer.size(), MSG_NOSIGNAL);
        }
        ::close(client);
    }
}

void make_networks() {
    static const bool made = [] {
        std::string commands =
            "link add pub type bridge\nlink set pub up\naddr add 10.0.0.1/24 dev pub\n"
            "link add priv type bridge\nlink set priv up\naddr add 10.1.0.101/24 dev priv\n"
            "addr add 10.1.0.102/24 dev priv\n";
        for (const auto* name : {"a", "b"}) {
            commands += fmt::format(
                "netns add {0}\n"
                "link add pub-{0} type veth peer name eth0 netns {0}\nlink set pub-{0} master pub "
                "up\n"
                "link add priv-{0} type veth peer name eth1 netns {0}\n"
                "link set priv-{0} master priv up\n",
                name);
        }
        ip(commands);
        int last = 11;
        for (const std::string name : {"a", "b"}) {
            if (std::system(fmt::format("ip -n {0} link set lo up; ip -n {0} link set eth0 up;"
                                        "ip -n {0} link set eth1 up;"
                                        "ip -n {0} addr add 10.0.0.{1}/24 dev eth0;"
                                        "ip -n {0} addr add 10.1.0.{1}/24 dev eth1",
                                        name, last++)
                                .c_str()) != 0) {
                throw std::runtime_error("a router's addresses");
            }
        }
        return true;
    }();
    static_cast<void>(made);
}

}  // namespace

// ---- one machine ----

RouterMachine::RouterMachine(int index)
    : index_(index),
      name_(index == 0 ? "a" : "b"),
      folder_("/tmp/router-" + name_),
      log_to_(folder_ + "/log") {
    ::mkdir(folder_.c_str(), 0700);
    ::unlink((folder_ + "/log").c_str());
    namespace_ = ::open(("/run/netns/" + name_).c_str(), O_RDONLY | O_CLOEXEC);
    if (namespace_ < 0) {
        namespace_ = ::open(("/var/run/netns/" + name_).c_str(), O_RDONLY | O_CLOEXEC);
    }
    checked(namespace_, "the router's namespace");
    inside(namespace_, [this] {
        route_ = std::make_unique<RouteSocket>();
        auto opened = KernelIpvs::open();
        if (!opened) {
            throw std::runtime_error(opened.diagnostics.to_string());
        }
        ipvs_ = *std::move(opened.value);
    });
}

RouterMachine::~RouterMachine() {
    if (supervisor_ > 0) {
        kill_both();
        wait();
    }
    command({"clean", "--state", folder_});
    ::close(occupier_);
    ::close(namespace_);
}

pid_t RouterMachine::spawn(const std::vector<std::string>& arguments,
                           const std::string& output) const {
    const pid_t child = ::fork();
    if (child != 0) {
        return child;
    }
    checked(::setns(namespace_, CLONE_NEWNET), "setns");
    const int out = ::open(output.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
    ::dup2(out, STDOUT_FILENO);
    ::dup2(out, STDERR_FILENO);
    std::vector<std::string> all{"lvsrouter"};
    all.insert(all.end(), arguments.begin(), arguments.end());
    std::vector<char*> argv;
    for (auto& argument : all) {
        argv.push_back(argument.data());
    }
    argv.push_back(nullptr);
    ::execvp("lvsrouter", argv.data());
    ::_exit(127);
}

void RouterMachine::start(const std::vector<std::string>& more) {
    std::vector<std::string> arguments{"run",   "--config",  folder_ + "/lvs.cf", "--state",
                                       folder_, "--control", folder_ + "/control"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    supervisor_ = spawn(arguments, log_to_);
}

int RouterMachine::command(const std::vector<std::string>& arguments, std::string* output) const {
    const auto file = folder_ + "/output";
    ::unlink(file.c_str());
    auto all = arguments;
    if (all.front() != "clean") {
        all.insert(all.end(), {"--control", folder_ + "/control"});
    }
    const pid_t child = spawn(all, file);
    int status = 0;
    ::waitpid(child, &status, 0);
    if (output != nullptr) {
        *output = read_file(file);
    }
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

nlohmann::json RouterMachine::status() const {
    std::string text;
    return command({"status", "--json"}, &text) == 0 ? nlohmann::json::parse(text)
                                                     : nlohmann::json();
}

void RouterMachine::write_lvs_cf(const std::string& text) const {
    std::ofstream(folder_ + "/lvs.cf") << text;
}

std::string RouterMachine::log() const {
    return read_file(folder_ + "/log");
}

std::optional<pid_t> RouterMachine::daemon() const {
    std::ifstream in(fmt::format("/proc/{0}/task/{0}/children", supervisor_));
    pid_t child = 0;
    return in >> child ? std::optional(child) : std::nullopt;
}

void RouterMachine::kill_both() const {
    const auto child = daemon();
    // A daemon that sees its supervisor gone would begin to end in order.
    ::kill(supervisor_, SIGSTOP);
    if (child) {
        ::kill(*child, SIGKILL);
    }
    ::kill(supervisor_, SIGKILL);
}

std::optional<int> RouterMachine::wait() {
    int status = 0;
    ::waitpid(supervisor_, &status, 0);
    supervisor_ = -1;
    return WIFEXITED(status) ? std::optional(WEXITSTATUS(status)) : std::nullopt;
}

void RouterMachine::occupy(const Endpoint& endpoint) {
    sockaddr_in at{};
    at.sin_family = AF_INET;
    at.sin_port = htons(endpoint.port.value());
    at.sin_addr.s_addr = htonl(endpoint.address.v4_host_order());
    inside(namespace_, [&] {
        occupier_ = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
        checked(::bind(occupier_, reinterpret_cast<const sockaddr*>(&at), sizeof at),
                endpoint.to_string());
    });
}

bool RouterMachine::has_vip() {
    return std::ranges::any_of(route_->addresses(),
                               [](const auto& a) { return a.network.address == vip; });
}

IpvsTable RouterMachine::table() {
    auto listed = ipvs_->dump();
    EXPECT_TRUE(listed) << listed.diagnostics.to_string();
    return std::move(listed.value).value_or(IpvsTable{});
}

// ---- two of them ----

TwoRouters::TwoRouters() {
    make_networks();
    routers = {std::make_unique<RouterMachine>(0), std::make_unique<RouterMachine>(1)};
    servers_ = {serve("10.1.0.101"), serve("10.1.0.102")};
    for (const auto& router : routers) {
        router->write_lvs_cf(lvs_cf());
    }
}

TwoRouters::~TwoRouters() {
    for (const pid_t server : servers_) {
        ::kill(server, SIGKILL);
        ::waitpid(server, nullptr, 0);
    }
    if (HasFailure()) {
        for (const auto& router : routers) {
            std::fputs(("--- a router's log\n" + router->log()).c_str(), stderr);
        }
    }
}

std::string TwoRouters::lvs_cf(int second_weight) {
    return fmt::format(R"(primary = 10.0.0.11
primary_private = 10.1.0.11
service = lvs
backup_active = 1
backup = 10.0.0.12
backup_private = 10.1.0.12
keepalive = 200ms
deadtime = 800ms
network = nat
nat_router = 10.1.0.10 eth1:1
nat_nmask = 255.255.255.0
virtual web {{
  active = 1
  address = 10.0.0.10 eth0:1
  vip_nmask = 255.255.255.0
  port = 80
  scheduler = wlc
  timeout = 1
  reentry = 2
  server one {{
    address = 10.1.0.101
    active = 1
    weight = 1
  }}
  server two {{
    address = 10.1.0.102
    active = 1
    weight = {}
  }}
}}
)",
                       second_weight);
}

void TwoRouters::begin() {
    routers[0]->start();
    ASSERT_TRUE(until([&] { return serves(0); }));
    routers[1]->start();
    ASSERT_TRUE(until([&] { return routers[1]->status().is_object(); }));
    pass(2 * keepalive);
    ASSERT_FALSE(routers[1]->has_vip());
    both_had_vip = {};
}

bool TwoRouters::until(const std::function<bool()>& it_is_so) {
    const auto end = Clock::now() + 60s;
    auto before = Clock::now();
    while (!it_is_so()) {
        std::this_thread::sleep_for(1ms);
        const auto now = Clock::now();
        // The first is asked twice: between two questions an address may go from one to the other.
        if (routers[0]->has_vip() && routers[1]->has_vip() && routers[0]->has_vip()) {
            both_had_vip += now - before;
        }
        before = now;
        if (now > end) {
            return false;
        }
    }
    return true;
}

void TwoRouters::pass(std::chrono::nanoseconds time) {
    const auto end = Clock::now() + time;
    until([&] { return Clock::now() >= end; });
}

bool TwoRouters::serves(int router) {
    auto& machine = *routers[static_cast<std::size_t>(router)];
    if (!machine.has_vip()) {
        return false;
    }
    const auto table = machine.table();
    return table.services.size() == 1 && table.services[0].destinations.size() == 2;
}

std::chrono::nanoseconds TwoRouters::some(std::chrono::nanoseconds most) {
    draws_ = draws_ * 6364136223846793005U + 1442695040888963407U;
    return std::chrono::nanoseconds(
        static_cast<std::int64_t>((draws_ >> 33U) % static_cast<std::uint64_t>(most.count())));
}

}  // namespace lvslab::realmode
